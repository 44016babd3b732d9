import type { OperationName, OperationRequest } from '../../operations/requests.ts';
import { type InstanceKey, keyText } from '../../topology/instance-key.ts';
import { restartStatements } from '../../topology/restart-statements.ts';
import { type Command, type CommandContext, fail, type Lines, required, type Section } from '../command.ts';

const TARGET = '-i HOST[:PORT]';
const BELOW = '-d! HOST[:PORT]';
const PATTERN = '[-pattern REGEXP]';

interface Row {
  readonly name: string;
  readonly synonyms?: readonly string[];
  readonly section: Section;
  readonly operation: OperationName;
  readonly summary: string;
  /** Beside the instance. */
  readonly options?: string;
  readonly notes?: string;
  /** What the request says beside the instance. */
  readonly given?: (context: CommandContext, target: InstanceKey) => Partial<OperationRequest>;
  /** What is printed: the instance, it and its source, or all that were moved. */
  readonly prints?: 'instance' | 'source' | 'moved';
}

const below = (context: CommandContext) => ({ below: destination(context) });
const pattern = ({ arguments: given }: CommandContext) => ({ pattern: given.text('pattern') });

const ROWS: readonly Row[] = [
  ...['relocate', 'relocate-below'].map(
    (name): Row => ({
      name,
      section: 'Smart relocation',
      operation: 'relocate',
      summary: 'Move a replica below another instance by whichever way is safe',
      options: BELOW,
      given: below,
      prints: 'source',
    }),
  ),
  {
    name: 'relocate-replicas',
    synonyms: ['relocate-slaves'],
    section: 'Smart relocation',
    operation: 'relocateReplicas',
    summary: 'Move the replicas of an instance below another one; prints those that were moved',
    options: `${BELOW} ${PATTERN}`,
    given: (context) => ({ ...below(context), ...pattern(context) }),
    prints: 'moved',
  },
  {
    name: 'take-siblings',
    synonyms: ['enslave-siblings'],
    section: 'Smart relocation',
    operation: 'takeSiblings',
    summary: 'Move all siblings of a replica below it',
  },
  {
    name: 'move-up',
    section: 'Classic file:pos relocation',
    operation: 'moveUp',
    summary: 'Move a replica one level up',
    prints: 'source',
  },
  {
    name: 'move-up-replicas',
    synonyms: ['move-up-slaves'],
    section: 'Classic file:pos relocation',
    operation: 'moveUpReplicas',
    summary: 'Move the replicas of an instance one level up; prints those that were moved',
    options: PATTERN,
    given: pattern,
    prints: 'moved',
  },
  {
    name: 'move-below',
    section: 'Classic file:pos relocation',
    operation: 'moveBelow',
    summary: 'Move a replica below one that has the same source',
    options: BELOW,
    given: below,
    prints: 'source',
  },
  {
    name: 'move-equivalent',
    section: 'Classic file:pos relocation',
    operation: 'moveEquivalent',
    summary: 'Move a replica to a position of another instance that an earlier move has found to be equal to its own',
    options: BELOW,
    given: below,
    prints: 'source',
  },
  {
    name: 'repoint',
    section: 'Classic file:pos relocation',
    operation: 'repoint',
    summary: 'Point a replica to another instance that has the same positions; without -d, to its present source again',
    options: '[-d HOST[:PORT]]',
    given: ({ select }) => {
      const to = select.destination();
      return to === undefined ? {} : { below: to };
    },
    prints: 'source',
  },
  {
    name: 'take-master',
    synonyms: ['enslave-master'],
    section: 'Classic file:pos relocation',
    operation: 'takeSource',
    summary: 'Have a replica and its source change places',
    notes: 'The source must be a replica itself; a writable one is replaced by graceful-master-takeover.',
  },
  {
    name: 'make-co-master',
    section: 'Classic file:pos relocation',
    operation: 'makeCoPrimary',
    summary: 'Have the source of a read-only replica replicate from it, too',
  },
  {
    name: 'move-gtid',
    section: 'GTID relocation',
    operation: 'moveByGtid',
    summary: 'Move a replica below another instance by GTID',
    options: BELOW,
    given: below,
    prints: 'source',
  },
  {
    name: 'move-replicas-gtid',
    synonyms: ['move-slaves-gtid'],
    section: 'GTID relocation',
    operation: 'moveReplicasByGtid',
    summary: 'Move the replicas of an instance below another one by GTID; prints those that were moved',
    options: `${BELOW} ${PATTERN}`,
    given: (context) => ({ ...below(context), ...pattern(context) }),
    prints: 'moved',
  },
  {
    name: 'match',
    section: 'Pseudo-GTID relocation',
    operation: 'match',
    summary: 'Move a replica below another instance by comparing their logs',
    options: BELOW,
    given: below,
    prints: 'source',
  },
  {
    name: 'match-up',
    section: 'Pseudo-GTID relocation',
    operation: 'matchUp',
    summary: 'Move a replica one level up by comparing logs',
    prints: 'source',
  },
  {
    name: 'rematch',
    section: 'Pseudo-GTID relocation',
    operation: 'match',
    summary: 'Have a replica find its place in the log of its source again',
    prints: 'source',
  },
  {
    name: 'match-replicas',
    synonyms: ['match-slaves'],
    section: 'Pseudo-GTID relocation',
    operation: 'matchReplicas',
    summary: 'Move the replicas of an instance below another one by comparing logs; prints those that were moved',
    options: `${BELOW} ${PATTERN}`,
    given: (context) => ({ ...below(context), ...pattern(context) }),
    prints: 'moved',
  },
  {
    name: 'match-up-replicas',
    synonyms: ['match-up-slaves'],
    section: 'Pseudo-GTID relocation',
    operation: 'matchUpReplicas',
    summary: 'Move the replicas of an instance one level up by comparing logs; prints those that were moved',
    options: PATTERN,
    given: pattern,
    prints: 'moved',
  },
  general('enable-gtid', [], 'enableGtid', 'Have a replica go by GTID'),
  general('disable-gtid', [], 'disableGtid', 'Have a replica go by file and position'),
  general(
    'gtid-errant-reset-master',
    [],
    'resetErrant',
    'Have a replica forget its errant transactions, and all its binary logs with them',
  ),
  general('skip-query', [], 'skipQuery', 'Skip the one event or transaction that replication stopped at'),
  general('stop-replica', ['stop-slave'], 'stopReplication', 'Stop replication'),
  general('start-replica', ['start-slave'], 'startReplication', 'Start replication'),
  general('restart-replica', ['restart-slave'], 'restartReplication', 'Stop and start replication'),
  general('reset-replica', ['reset-slave'], 'forgetSource', 'Have a replica forget its source: it is none any more'),
  general(
    'change-master-credentials',
    [],
    'setLogin',
    'Give a replica the replication user and password that ReplicationCredentialsQuery names',
  ),
  general(
    'detach-replica-master-host',
    ['detach-slave', 'detach-replica', 'detach-slave-master-host'],
    'detach',
    'Keep a replica from its source by a name that leads nowhere; can be undone',
  ),
  general(
    'reattach-replica-master-host',
    ['reattach-slave', 'reattach-replica', 'reattach-slave-master-host'],
    'reattach',
    'Undo a detach',
  ),
  general(
    'enable-semi-sync-master',
    ['enable-semi-sync-source'],
    'enableSemiSyncSource',
    'Have writes wait for replicas',
  ),
  general(
    'disable-semi-sync-master',
    ['disable-semi-sync-source'],
    'disableSemiSyncSource',
    'Have writes wait for no replica',
  ),
  general('enable-semi-sync-replica', [], 'enableSemiSyncReplica', 'Have a replica acknowledge what it receives'),
  general('disable-semi-sync-replica', [], 'disableSemiSyncReplica', 'Have a replica acknowledge nothing'),
  { ...general('set-read-only', [], 'setReadOnly', 'Make an instance read-only'), section: 'Instance' },
  { ...general('set-writeable', [], 'setWritable', 'Make an instance writable'), section: 'Instance' },
  {
    name: 'purge-binary-logs',
    section: 'Binary logs',
    operation: 'purgeBinaryLogs',
    summary: 'Delete the binary logs before a file; refused while a replica still needs them',
    options: '-binlog! FILE',
    given: (context) => ({ file: required(context, 'binlog').replace(/:\d+$/, '') }),
  },
];

/** What changes replication on servers. */
export const OPERATION_COMMANDS: readonly Command[] = [
  ...ROWS.map(commandOf),
  {
    name: 'repoint-replicas',
    synonyms: ['repoint-slaves'],
    section: 'Classic file:pos relocation',
    summary: 'Point the replicas of an instance to their source again, or to the one that -d names',
    options: `${TARGET} ${PATTERN} [-d HOST[:PORT]]`,
    each: true,
    changesServers: true,
    run: async (context) => {
      const target = context.select.key();
      const to = context.select.destination();
      const { moved, errors } = await (await context.actions()).operate({
        operation: 'repointReplicas',
        target,
        ...pattern(context),
        ...(to === undefined ? {} : { below: to }),
      });
      for (const error of errors) context.log.error({}, error);
      return moved.map((one) => `${keyText(one)}<${keyText(target)}`);
    },
  },
  {
    name: 'flush-binary-logs',
    section: 'Binary logs',
    summary: 'Begin a new binary log; with -binlog, as often as it takes until that file is the present one',
    options: `${TARGET} [-binlog FILE]`,
    each: true,
    changesServers: true,
    run: flush,
  },
  {
    name: 'which-gtid-errant',
    section: 'Replication, general',
    summary: 'Print the transactions of a replica that its source does not have; an empty line where there are none',
    options: TARGET,
    each: true,
    run: async ({ select, actions }) => [await (await actions()).errantGtids(select.key())],
  },
  {
    name: 'locate-gtid-errant',
    section: 'Binary logs',
    summary: 'Print the binary logs that hold errant transactions of a replica',
    options: TARGET,
    each: true,
    run: async ({ select, actions }) => (await actions()).locateErrant(select.key()),
  },
  {
    name: 'restart-replica-statements',
    synonyms: ['restart-slave-statements'],
    section: 'Replication, general',
    summary: 'Print what to send so that a statement runs while replication stands still; nothing is executed',
    options: `${TARGET} -statement! SQL`,
    each: true,
    run: (context) => {
      const statement = required(context, 'statement');
      return restartStatements(context.select.member().watched.instance, statement);
    },
  },
];

function general(name: string, synonyms: readonly string[], operation: OperationName, summary: string): Row {
  return { name, synonyms, section: 'Replication, general', operation, summary };
}

function commandOf({ name, synonyms = [], section, operation, summary, options, notes, given, prints }: Row): Command {
  const comparesLogs = section === 'Pseudo-GTID relocation';
  const all = [TARGET, ...(options === undefined ? [] : [options]), ...(comparesLogs ? ['[-skip-binlog-search]'] : [])];
  return {
    ...{ name, synonyms, section, summary },
    options: all.join(' '),
    ...(notes === undefined ? {} : { notes }),
    each: true,
    changesServers: true,
    run: async (context) => {
      const target = context.select.key();
      const relayed = comparesLogs && context.arguments.on('skip-binlog-search') ? { relayLogsOnly: true } : {};
      const request = { operation, target, ...relayed, ...given?.(context, target) };
      const { source, moved, errors } = await (await context.actions()).operate(request);
      for (const error of errors) context.log.error({}, error);
      if (prints === 'moved') return moved.map(keyText);
      return [
        prints === 'source' ? `${keyText(target)}<${source === undefined ? '' : keyText(source)}` : keyText(target),
      ];
    },
  };
}

/** Never beyond: each flush makes one file. */
async function flush(context: CommandContext): Promise<Lines> {
  const { select, actions, arguments: given } = context;
  const target = select.key();
  const wanted = given.text('binlog').replace(/:\d+$/, '');
  const present = select.member(target).watched.instance.ownCoordinates.file;
  const times = wanted === '' ? 1 : numberOf(wanted) - numberOf(present);
  if (!Number.isInteger(times)) fail(`not the name of a binary log: ${wanted}`);
  if (times < 0) fail(`cannot flush to ${wanted}: ${keyText(target)} writes ${present} already`);
  for (let flushed = 0; flushed < times; flushed += 1)
    await (await actions()).operate({ operation: 'flushBinaryLogs', target });
  return [keyText(target)];
}

function numberOf(file: string): number {
  return Number(/\.(\d+)$/.exec(file)?.[1] ?? Number.NaN);
}

function destination({ select }: CommandContext): InstanceKey {
  return select.destination() ?? fail('Cannot deduce destination: give -d');
}
