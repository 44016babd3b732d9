import type { LookUps } from '../../operations/look-ups.ts';
import type { BinlogCoordinates } from '../../topology/instance.ts';
import { type InstanceKey, keyText } from '../../topology/instance-key.ts';
import { coordinatesText } from '../../topology/move-steps.ts';
import { type BackendCommand, type CommandContext, fail, type Lines, required } from '../command.ts';

const TARGET = '-i HOST[:PORT]';
const PLACE = '[-binlog FILE:POSITION]';

type LookUp = (look: LookUps, key: InstanceKey, context: CommandContext, signal: AbortSignal) => Promise<Lines>;

/** What stands in the binary and relay logs of servers. The servers are asked now; nothing is changed. */
export const LOG_LOOK_UPS: readonly BackendCommand[] = [
  lookUp(
    'last-pseudo-gtid',
    'Print the newest Pseudo-GTID entry in the logs of an instance, as file:position:text',
    async (look, key, { arguments: given }, signal) => {
      const { at, text } = await look.lastMarker(key, signal, given.on('skip-binlog-search'));
      return [`${coordinatesText(at)}:${text}`];
    },
    '[-strict] [-skip-binlog-search]',
    'All logs are looked through as far as it takes, with -strict and without.',
  ),
  lookUp(
    'find-binlog-entry',
    'Print where the binary logs of an instance have the event of this text',
    async (look, key, context, signal) => [
      coordinatesText(await look.entry(key, required(context, 'pattern'), context.arguments.on('strict'), signal)),
    ],
    '-pattern! TEXT [-strict]',
    'The text is the whole one, as SHOW BINLOG EVENTS tells it. With -strict files are read whose Pseudo-GTID entries all are newer.',
  ),
  lookUp(
    'correlate-binlog-pos',
    'Print the position of another instance that is the same as one of this instance',
    async (look, key, context, signal) => [
      coordinatesText(await look.correlate(key, destination(context), place(context), signal)),
    ],
    `-d! HOST[:PORT] ${PLACE}`,
    'Without -binlog: the present position of the instance.',
  ),
  lookUp(
    'correlate-relaylog-pos',
    'Print, for a transaction in the relay logs of an instance, where it lies there, where in those of another one, and what follows it',
    async (look, key, context, signal) => {
      const { last, twin, next } = await look.correlateRelayed(key, destination(context), place(context), signal);
      return [[last, twin, next].map(coordinatesText).join(';')];
    },
    `-d! HOST[:PORT] ${PLACE}`,
    'It is the last one that begins before -binlog; without that, the last one that was applied.',
  ),
  lookUp(
    'last-executed-relay-entry',
    'Print the last event of its relay logs that a replica has applied',
    async (look, key, _context, signal) => {
      const { at, type, info, endPosition } = await look.lastApplied(key, signal);
      const event = `Coordinates:${coordinatesText(at)} NextEventPos:${endPosition} EventType:${type} Info:${info}`;
      return [`{${event}}:${endPosition}`];
    },
  ),
  {
    ...lookUp(
      'master-pos-wait',
      'Wait until a replica has applied the log of its source up to a position',
      async (look, key, context, signal) => {
        await look.awaitApplied(key, place(context) ?? fail('No binlog given: use -binlog'), signal);
        return [keyText(key)];
      },
      '-binlog! FILE:POSITION',
      'It waits for MySQLTopologyReadTimeoutSeconds at most.',
    ),
    section: 'Replication, general',
  },
];

function lookUp(name: string, summary: string, look: LookUp, options = '', notes?: string): BackendCommand {
  return {
    ...{ name, summary, section: 'Binary logs', options: `${TARGET} ${options}`.trim(), each: true },
    ...(notes === undefined ? {} : { notes }),
    run: async (context) => {
      const { world, select } = context;
      const reader = await world.logReader();
      const interrupted = new AbortController();
      const stop = () => interrupted.abort(new Error('interrupted'));
      process.once('SIGINT', stop).once('SIGTERM', stop);
      try {
        return await look(reader.lookUps, select.key(), context, interrupted.signal);
      } finally {
        reader.stop();
        process.off('SIGINT', stop).off('SIGTERM', stop);
      }
    },
  };
}

function destination({ select }: CommandContext): InstanceKey {
  return select.destination() ?? fail('Cannot deduce destination: give -d');
}

function place({ arguments: given }: CommandContext): BinlogCoordinates | undefined {
  const text = given.text('binlog');
  if (text === '') return undefined;
  const [, file = '', position = ''] = /^([^:]+\.\d+):(\d{1,15})$/.exec(text) ?? [];
  if (file === '') fail(`not a place in a binary log, file:position: ${text}`);
  return { file, position: Number(position) };
}
