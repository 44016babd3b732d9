import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Actions } from '../../../internal/app/actions.ts';
import { Offline } from '../../../internal/app/offline.ts';
import { Arguments } from '../../../internal/cli/arguments.ts';
import type { Command } from '../../../internal/cli/command.ts';
import { commandHelp } from '../../../internal/cli/help.ts';
import { hostnamesOf, instancesOf, Selection } from '../../../internal/cli/selection.ts';
import { lookUp } from '../../../internal/cli/table.ts';
import { loadConfig } from '../../../internal/config/load.ts';
import type { OperationRequest } from '../../../internal/operations/requests.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { type InstanceKey, keyText } from '../../../internal/topology/instance-key.ts';
import { COMMAND_NAMES, COMMAND_ROWS, OLDER_COMMANDS } from '../../compat/commands.ts';
import { fillBackend } from '../../support/backend-fixture.ts';
import { callCli } from '../../support/cli.ts';
import { inventory } from './inventory.ts';

const key = (hostname: string): InstanceKey => ({ hostname, port: 3306 });
const AT = { file: 'binlog.000001', position: 4 };

/** Does what it is asked, and notes it. */
function obliging(asked: string[]): Actions {
  const note = (...words: readonly unknown[]) =>
    void asked.push(
      words
        .filter((word) => word !== undefined && word !== '')
        .map((word) => (isKey(word) ? keyText(word) : String(word)))
        .join(' '),
    );
  const period = ({ owner, reason, durationMs }: { owner: string; reason: string; durationMs: number }) =>
    [owner, reason, durationMs] as const;
  return {
    discover: async (at) => {
      note('discover', at);
      return at;
    },
    forget: async (at) => note('forget', at),
    beginDowntime: async (at, request) => note('beginDowntime', at, ...period(request)),
    endDowntime: async (at) => note('endDowntime', at),
    beginMaintenance: async (at, request) => note('beginMaintenance', at, ...period(request)),
    endMaintenance: async (at) => note('endMaintenance', at),
    setPromotionRule: async (at, rule) => note('setPromotionRule', at, rule),
    recover: async (at, { designated, skipHooks }) => {
      note('recover', at, designated, skipHooks ? 'without hooks' : '');
      return { kind: 'promoted', successor: key('db3') };
    },
    forceFailover: async (cluster, designated) => {
      note('forceFailover', cluster, designated);
      return key('db3');
    },
    takeOver: async (cluster, { designated }) => {
      note('takeOver', cluster, designated);
      return { successor: key('db3'), coordinates: AT, warnings: [] };
    },
    operate: async ({ operation, target, below, pattern = '', file }: OperationRequest) => {
      note(operation, target, below, pattern === '' ? '' : `/${pattern}/`, file);
      const moved = [key('db4'), key('db5')];
      return {
        subject: target,
        source: below ?? key('db1'),
        moved,
        errors: [],
        regrouped: { lost: 1, equal: 2, moved: 3 },
      };
    },
    errantGtids: async () => 'uuid:7',
    locateErrant: async () => ['binlog.000001', 'binlog.000002'],
    acknowledge: async ({ of }, by, comment) => {
      note('acknowledge', of, by, comment);
      return 3;
    },
    tag: async (at, tag) => note('tag', at, tag),
    untag: async (tag, at) => {
      note('untag', tag, at);
      return [key('db2')];
    },
    submitPool: async (pool, list) => note('submitPool', pool, list),
    recordTopologies: async () => note('recordTopologies'),
    registerVirtualName: async (at, name) => note('registerVirtualName', at, name),
    submitPrimaries: async (cluster) => {
      note('submitPrimaries', cluster);
      return [{ key: 'key', value: 'value' }];
    },
    forgetResolvedNames: async () => note('forgetResolvedNames'),
    setRecoveriesDisabled: async (disabled) => note('setRecoveriesDisabled', disabled),
    interrupt: () => undefined,
    close: async () => undefined,
  };
}

function isKey(value: unknown): value is InstanceKey {
  return typeof value === 'object' && value !== null && 'hostname' in value;
}

/** What the logs of servers would say. */
const LOOK_UPS = {
  lastMarker: async () => ({ at: AT, text: 'marker' }),
  entry: async () => AT,
  correlate: async () => ({ file: 'binlog.000007', position: 90 }),
  correlateRelayed: async () => ({
    last: { file: 'relay.000002', position: 120 },
    twin: { file: 'relay.000007', position: 4 },
    next: { file: 'relay.000007', position: 90 },
  }),
  lastApplied: async () => ({
    at: { file: 'relay.000002', position: 120 },
    type: 'Query',
    info: 'BEGIN',
    endPosition: 160,
  }),
  awaitApplied: async () => undefined,
};

describe('the commands of the established binary', () => {
  let directory = '';
  let world: Offline;
  const { config } = loadConfig({ env: {} });

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'cli-'));
    const file = join(directory, 'orchestrator.sqlite3');
    const own = { ...config, BackendDB: 'sqlite', SQLite3DataFile: file, InstancePollSeconds: 600 };
    const written = join(directory, 'orchestrator.conf.json');
    writeFileSync(written, JSON.stringify({ BackendDB: 'sqlite', SQLite3DataFile: file }));
    assert.equal((await callCli(['-config', written, '-c', 'redeploy-internal-db'])).status, 0);
    fillBackend(file, inventory(Date.now()));
    world = await Offline.open({ config: own, noop: false, log: silentLog, inGroup: false });
    Object.defineProperty(world, 'logReader', { value: async () => ({ lookUps: LOOK_UPS, stop: () => undefined }) });
  });
  after(async () => {
    await world.close();
    rmSync(directory, { recursive: true });
  });

  /** As the command line runs it, with a world that obliges: once for each instance where the command is about one. */
  async function run(command: Command, given: Arguments, asked: string[]): Promise<readonly string[]> {
    if ('loops' in command) return ['goes on']; // see daemon-flags.test.ts
    if ('runPlain' in command)
      return command.runPlain({ arguments: given, log: silentLog, config, print: () => undefined });
    const lines: string[] = [];
    const actions = obliging(asked);
    const named = command.each ? instancesOf(given.text('i')) : [given.text('i')];
    for (const instance of named.length === 0 ? [''] : named) {
      const select = new Selection({
        snapshots: () => world.snapshots(),
        resolved: world.restored.resolvedNames,
        defaultPort: 3306,
        ownHost: 'this.host',
        instance,
        destination: given.text('d') || given.text('s'),
        alias: given.text('alias'),
      });
      const context = {
        arguments: given,
        world,
        select,
        actions: async () => actions,
        log: silentLog,
        nowMs: Date.now(),
      };
      lines.push(...(await command.run(context)));
    }
    return lines;
  }

  it('are 127', () => assert.equal(COMMAND_NAMES.length, 127));

  for (const { command: typed, outcome, asks = '' } of COMMAND_ROWS)
    it(typed, async () => {
      const [name = '', ...argv] = typed.split(' ');
      const found = lookUp(name);
      assert.ok(found.kind === 'command', 'unknown');
      const asked: string[] = [];
      const ended = run(found.command, new Arguments(argv), asked);
      if (outcome instanceof RegExp) {
        await assert.rejects(ended, ({ message }: Error) => {
          assert.match(message, outcome);
          return true;
        });
      } else
        assert.deepEqual(
          (await ended).map((line) => shown(name, line)),
          outcome,
        );
      assert.equal(asked.join('; '), asks);
    });

  it('mean by a name that nobody has used before what it stands for, and by one that stands for nothing that name', async () => {
    const cname = { ...config, BackendDB: 'sqlite', SQLite3DataFile: join(directory, 'cname.sqlite3') };
    const asking = await Offline.open({
      ...{ config: { ...cname, HostnameResolveMethod: 'cname' }, noop: false, log: silentLog, inGroup: false },
    });
    try {
      const canonicalName = async (name: string) =>
        name === 'vip' ? 'db7.example' : Promise.reject(new Error('none'));
      const address = () => assert.fail('nobody wants an address');
      for (const [instance, meant] of [
        ['vip', 'db7.example:3306'],
        ['nowhere:3307', 'nowhere:3307'],
      ] as const) {
        const resolved = await asking.namesBehind(hostnamesOf([instance, ''], 3306), { canonicalName, address });
        const given = { instance, destination: '', alias: '' };
        const select = new Selection({
          ...{ snapshots: () => asking.snapshots(), resolved, defaultPort: 3306, ownHost: 'this.host', ...given },
        });
        assert.equal(keyText(select.key()), meant);
      }
    } finally {
      await asking.close();
    }
  });

  it('go by their older names, and are explained under these', () => {
    for (const [older, newer] of OLDER_COMMANDS) {
      const found = lookUp(older);
      assert.equal(found.kind === 'command' && found.command.name, newer, older);
      assert.match(commandHelp(older), new RegExp(`^${older}:\\n  \\S`));
    }
  });

  it('name in their usage what they cannot do without', () => {
    for (const { command: typed, outcome } of COMMAND_ROWS) {
      const flag = outcome instanceof RegExp ? /use -(\w+)\$?$|give -(d)/.exec(outcome.source) : null;
      const found = lookUp(typed.split(' ')[0] ?? '');
      if (flag === null || found.kind !== 'command') continue;
      assert.ok(found.command.options.includes(`-${flag[1] ?? flag[2]}!`), `${typed}: ${found.command.options}`);
    }
  });
});

/** Drawings up to their columns, tokens as zeros, the configuration by its first letter: their insides are tested elsewhere. */
function shown(name: string, line: string): string {
  if (name.startsWith('topology') || name === 'instance-status') return line.replace(/ *[[|].*/, '');
  if (name === 'access-token') return line.replace(/[0-9a-f]/g, '0');
  return name === 'dump-config' ? line.slice(0, 1) : line;
}
