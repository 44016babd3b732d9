import assert from 'node:assert/strict';
import type { InstanceKey } from '../../internal/topology/instance-key.ts';
import { BinlogServer } from '../support/binlog-server/binlog-server.ts';
import { Daemon, until } from '../support/daemon.ts';
import { replicaStatus } from '../support/dialect.ts';
import { CREDENTIALS, operating } from '../support/operating.ts';
import { address, scenarios } from '../support/scenario.ts';

const at = ({ hostname, port }: InstanceKey) => `${hostname}/${port}`;

interface WireInstance {
  readonly FlavorName: string;
  readonly Version: string;
  readonly MasterKey: { readonly Port: number };
  readonly Replicas: readonly { readonly Port: number }[];
  readonly ReadBinlogCoordinates: { readonly LogFile: string; readonly LogPos: number };
}

interface Plan {
  readonly successor: string | null;
  readonly execution: readonly { readonly statements: readonly { readonly sql: string }[] }[];
}

/** The double strips no checksums; a replica that logs what it replicates has a log number of its own. */
const EVERY_SERVER = [0, 1, 2].map((index) => [
  '--binlog-checksum=NONE',
  ...(index === 0 ? [] : ['--log-slave-updates=0']),
]);

scenarios(
  'binlog servers, as a double of them plays them',
  { tree: [undefined, 0, 0], flavours: ['mariadb'], extraArguments: () => EVERY_SERVER },
  (scenario, test) => {
    const { done, whileWriting, no } = operating(scenario);

    async function relays(count: number): Promise<readonly BinlogServer[]> {
      const started: BinlogServer[] = [];
      for (let n = 0; n < count; n += 1) {
        const one = await BinlogServer.start(scenario.primary.key, 101 + n);
        scenario.onSettle(() => one.stop());
        started.push(one);
      }
      return started;
    }

    async function watching(servers: number, config: Readonly<Record<string, unknown>> = {}): Promise<void> {
      const daemon = await Daemon.start({
        seeds: [address(scenario.primary)],
        config: { ...CREDENTIALS, InstancePollSeconds: 1, ...config },
      });
      scenario.watchedBy(daemon);
      await until(
        'every server is discovered',
        async () => (await daemon.api<unknown[]>('all-instances')).length === servers,
      );
    }

    const seen = (key: InstanceKey) => scenario.daemon.api<WireInstance>(`instance/${at(key)}`);
    const below = (index: number, source: InstanceKey) =>
      until(`server ${index} replicates from ${at(source)}`, async () => {
        const status = await replicaStatus(scenario.server(index));
        if (status?.source.port === source.port && status.receiving && status.applying) return true;
        throw new Error(JSON.stringify(status));
      });

    test('are found and shown, and replicas go below them and back where they stand while an application writes', async () => {
      const { primary } = scenario;
      const [one, two] = scenario.replicas;
      const [relay] = await relays(1);
      assert.ok(one && two && relay);
      await watching(4);
      const { FlavorName, Version, MasterKey } = await seen(relay.key);
      assert.deepEqual([FlavorName, Version, MasterKey.Port], ['MaxScale', '23.8.1-maxscale', primary.key.port]);
      await whileWriting(async () => {
        await done(`relocate/${at(one.key)}/${at(relay.key)}`); // by GTID until then
        await below(1, relay.key);
        await until('its replica is shown', async () =>
          (await seen(relay.key)).Replicas.some(({ Port }) => Port === one.key.port),
        );
        await done(`relocate-replicas/${at(primary.key)}/${at(relay.key)}`);
        await below(2, relay.key);
        await no(`relocate/${at(relay.key)}/${at(two.key)}`, /does not log what it replicates/);
        await primary.query('FLUSH BINARY LOGS');
        await done(`move-up/${at(two.key)}`);
        await below(2, primary.key);
        await done(`relocate/${at(one.key)}/${at(primary.key)}`);
        await below(1, primary.key);
      });
    });

    test('are regrouped below the one that has stored the most, also those that name their kind only when asked', async () => {
      const { primary } = scenario;
      const [one] = scenario.replicas;
      const [ahead, behind] = await relays(2);
      assert.ok(one && ahead && behind);
      ahead.tellsItsKind = false;
      await watching(5, { SkipMaxScaleCheck: false });
      await done(`relocate/${at(one.key)}/${at(behind.key)}`);
      behind.pause();
      await scenario.insert(2);
      await until('one has more than the other', async () => ahead.end.position > behind.end.position);
      await no(`regroup-replicas-bls/${at(one.key)}`, /no replicas/);
      await done(`regroup-replicas-bls/${at(primary.key)}`);
      assert.equal(behind.source.port, ahead.key.port);
      await until('it has the rest', async () => behind.receiving && behind.endText === ahead.endText);
      await scenario.replicated(3);
      await done(`relocate/${at(behind.key)}/${at(primary.key)}`);
      await done(`relocate/${at(one.key)}/${at(ahead.key)}`);
      await below(1, ahead.key);
      await scenario.replicated(4);
    });

    test('leave nobody behind when they die themselves', async () => {
      const { primary } = scenario;
      const [one] = scenario.replicas;
      const [relay] = await relays(1);
      assert.ok(one && relay);
      await watching(4);
      await done(`relocate/${at(one.key)}/${at(relay.key)}`);
      await scenario.replicated(2);
      await relay.stop();
      await below(1, primary.key);
      await scenario.replicated(3);
    });

    test('let one behind them lead when the primary dies, and go on with its log; nothing received is lost', async () => {
      const { primary } = scenario;
      const [one, two] = scenario.replicas;
      const [furthest, late] = await relays(2);
      assert.ok(one && two && furthest && late);
      await watching(5);
      await done(`relocate/${at(one.key)}/${at(furthest.key)}`);
      await done(`relocate/${at(two.key)}/${at(late.key)}`);
      await scenario.prefer(two); // behind the one that has less
      await scenario.replicated(2);
      await primary.query('FLUSH BINARY LOGS');
      late.pause();
      await scenario.insert(3);
      await scenario.holds(one, [1, 2, 3]);
      const cluster = address(primary);
      await until('the plan is the one that will be carried out', async () => {
        const plan = await scenario.daemon.api<Plan>(`v2/clusters/${cluster}/failover-plan`);
        const sent = plan.execution.flatMap(({ statements }) => statements.map(({ sql }) => sql));
        return plan.successor === address(two) && sent.includes("PURGE BINARY LOGS TO 'bin.000003'");
      });
      await scenario.kill(primary);
      await until('it takes writes', async () => !(await scenario.isReadOnly(two)));
      const [recovery] = await scenario.recoveries();
      assert.ok(recovery);
      assert.deepEqual(
        [recovery.IsSuccessful, recovery.SuccessorKey.Port, recovery.LostReplicas],
        [true, two.key.port, []],
        (await scenario.steps(recovery.UID)).join('\n'),
      );
      await scenario.insert(4, two);
      for (const server of [one, two]) await scenario.holds(server, [1, 2, 3, 4]);
      assert.deepEqual([furthest.source.port, late.source.port], [two.key.port, two.key.port]);
      await below(1, furthest.key);
      await until('both have the new log', async () => furthest.endText === late.endText && late.receiving);
      await scenario.revive(primary);
      await scenario.fenced(primary);
    });
  },
);
