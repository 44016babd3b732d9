// Servers that replicate by file and position: MySQL without GTIDs, MariaDB with `use_gtid=no`.

import assert from 'node:assert/strict';
import type { Flavour, SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { until } from '../support/daemon.ts';
import { inSession, replicaStatus } from '../support/dialect.ts';
import { asNoted, executedOf, type RehearsedStep } from '../support/rehearsed.ts';
import { address, type Scenario, scenarios } from '../support/scenario.ts';
import { Writer } from '../support/writer.ts';

const CREDENTIALS = { ReplicationCredentialsQuery: "SELECT 'repl', 'repl_pw'" };
/** On a busy machine a replica may answer late, and the plan would be another one. */
const PATIENT = { ...CREDENTIALS, SuspectProbeTimeoutMilliseconds: 5_000 };
const PATTERN = 'drop view if exists `_pseudo_gtid_`';
const MARKED = {
  ...CREDENTIALS,
  PseudoGTIDPattern: PATTERN,
  PseudoGTIDPatternIsFixedSubstring: true,
  PseudoGTIDMonotonicHint: 'asc:',
  DetectPseudoGTIDQuery: 'SELECT 1',
};
const WITHOUT_GTID: Readonly<Record<Flavour, readonly string[]>> = {
  mysql: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'],
  mariadb: [], // there every transaction has one: replicas are told not to go by it
};
const extraArguments = (flavour: Flavour) => Array.from({ length: 5 }, () => WITHOUT_GTID[flavour]);

/** A daemon that watches servers of which no log has a position in common with another one. */
async function watching(scenario: Scenario, config: Readonly<Record<string, unknown>> = CREDENTIALS): Promise<void> {
  const { flavour, replicas, words } = scenario;
  const without = flavour === 'mariadb' ? [words.stopReplication, 'CHANGE MASTER TO MASTER_USE_GTID = no'] : [];
  for (const [at, replica] of replicas.entries()) {
    const flushes = Array.from({ length: at + 1 }, () => 'FLUSH BINARY LOGS');
    await inSession(replica, [...without, ...flushes, ...(without.length > 0 ? [words.startReplication] : [])]);
  }
  await scenario.watching(config);
  await scenario.replicated(2);
}

const mark = ({ primary }: Scenario) => primary.query(`${PATTERN}.\`_asc:00000001\``);

/** As the audit has them. */
async function lost(scenario: Scenario): Promise<readonly number[]> {
  const [recovery] = await scenario.recoveries();
  assert.equal(recovery?.IsSuccessful, true, recovery?.AllErrors.join('; '));
  return recovery.LostReplicas.map(({ Port }) => Port);
}

scenarios('by file and position', { tree: [undefined, 0, 0, 0], extraArguments }, (scenario, test) => {
  const isMysql = scenario.flavour === 'mysql';
  const behind = () => scenario.server(3);
  const others = () => [scenario.server(1), scenario.server(2)];

  /** One replica that the last write does not reach any more. */
  async function leaveBehind(): Promise<void> {
    await inSession(behind(), [scenario.words.stopReceiver]);
    await scenario.replicated(3, scenario.primary, others());
    await scenario.sees(behind());
  }

  test('a dead primary is replaced as planned, and siblings that received the same follow, whatever they had applied', async () => {
    await watching(scenario, PATIENT);
    const [late, ...rest] = [behind(), ...others()];
    await inSession(late, [scenario.words.stopApplier]);
    await scenario.replicated(3, scenario.primary, rest);
    await scenario.received();
    for (const server of scenario.servers) await scenario.sees(server);
    const { execution } = await scenario.daemon.api<{ execution: readonly RehearsedStep[] }>(
      `v2/clusters/${address(scenario.primary)}/failover-plan`,
    );
    await scenario.kill(scenario.primary);
    await scenario.healed(scenario.replicas, [1, 2, 3]);
    assert.deepEqual(await lost(scenario), []);
    const [recovery] = await scenario.recoveries();
    const executed = executedOf(await scenario.steps(recovery?.UID ?? ''));
    assert.deepEqual([...executed].sort(), execution.map(asNoted).sort());
    assert.equal(executed.filter((step) => step.startsWith('locate ')).length, isMysql ? 1 : 0);
  });

  const onMysql: typeof test = isMysql ? test : () => undefined;
  if (!isMysql)
    before(() => console.log('SKIPPED: what needs servers without GTIDs, since every transaction of MariaDB has one'));

  onMysql("a frozen primary is replaced, and is nobody's source when it wakes", async () => {
    await watching(scenario);
    await scenario.freeze(scenario.primary);
    await scenario.healed(scenario.replicas, [1, 2]);
    assert.deepEqual(await lost(scenario), []);
    await scenario.thaw(scenario.primary);
    await scenario.fenced(scenario.primary);
  });

  test('a sibling that received less keeps its place and is reported, where logs cannot be compared', async () => {
    await watching(scenario);
    await leaveBehind();
    await scenario.kill(scenario.primary);
    if (!isMysql) {
      await scenario.healed(scenario.replicas, [1, 2, 3]); // it knows GTIDs all the same
      return;
    }
    await scenario.healed(others(), [1, 2, 3]);
    assert.deepEqual(await lost(scenario), [behind().key.port]);
    await scenario.holds(behind(), [1, 2]);
    const status = await replicaStatus(behind());
    assert.match(status?.source.hostname ?? '', /^\/\//);
    const [recovery] = await scenario.recoveries();
    const steps = await scenario.steps(recovery?.UID ?? '');
    const reason = new RegExp(
      `^lost ${address(behind())}: has not received the same as .*; PseudoGTIDPattern is not set$`,
    );
    assert.ok(steps.some((step) => reason.test(step)));
  });

  onMysql('a sibling that received less is matched by Pseudo-GTID', async () => {
    await watching(scenario, MARKED);
    await mark(scenario);
    await scenario.replicated(20);
    await leaveBehind();
    await scenario.kill(scenario.primary);
    await scenario.healed(scenario.replicas, [1, 2, 3, 20]);
    assert.deepEqual(await lost(scenario), []);
  });

  onMysql('is finished by a daemon that died between the promotion and the attachments', async () => {
    await watching(scenario);
    const { daemon } = scenario;
    await scenario.kill(scenario.primary);
    await scenario.begun('attach ');
    await daemon.kill();
    await daemon.launch();
    await scenario.healed(scenario.replicas, [1, 2]);
    assert.deepEqual(await lost(scenario), []);
  });

  test('a takeover while an application writes loses nothing, and the old primary follows', async () => {
    await watching(scenario);
    const target = scenario.server(2);
    const writer = new Writer(scenario.servers, 1_000);
    scenario.onSettle(() => writer.stop());
    const wrote = (on: SandboxServer) =>
      until(
        `it wrote to ${address(on)}`,
        async () => writer.acknowledged.filter(({ server }) => server === on).length > 20,
      );
    await wrote(scenario.primary);
    const { hostname, port } = target.key;
    const path = `graceful-master-takeover-auto/${address(scenario.primary)}/${hostname}/${port}`;
    const answer = await scenario.daemon.api<{ Code: string; Message: string }>(path);
    assert.equal(answer.Code, 'OK', answer.Message);
    await wrote(target);
    await writer.stop();
    const held = await scenario.rows(target);
    assert.deepEqual(
      writer.ids.filter((id) => !held.includes(id)),
      [],
    );
    assert.equal(await scenario.healed(scenario.servers, held), target);
    assert.deepEqual(await lost(scenario), []);
  });

  onMysql('of a pair of co-primaries the other one goes on, and replicas are matched by Pseudo-GTID', async () => {
    await watching(scenario, MARKED);
    const [partner, ...rest] = scenario.replicas;
    assert.ok(partner);
    const made = await scenario.daemon.api<{ Code: string; Message: string }>(
      `make-co-master/${partner.key.hostname}/${partner.key.port}`,
    );
    assert.equal(made.Code, 'OK', made.Message);
    await scenario.follows(scenario.primary, partner);
    await mark(scenario);
    await scenario.replicated(20);
    await scenario.seen(scenario.primary, partner);
    await scenario.kill(scenario.primary);
    assert.equal(await scenario.healed([partner, ...rest], [1, 2, 20]), partner);
    assert.deepEqual(await lost(scenario), []);
  });
});

// 0 leads; 1 and 2 follow it; 3 follows 1.
scenarios(
  'an intermediate primary by file and position',
  { tree: [undefined, 0, 0, 1], extraArguments },
  (scenario, test) => {
    test('that is killed: its replica goes on below another server, with nothing lost or done twice', async () => {
      const [middle, sibling, orphan]: readonly (SandboxServer | undefined)[] = scenario.replicas;
      assert.ok(middle && sibling && orphan);
      await watching(scenario, MARKED);
      await mark(scenario);
      await scenario.replicated(20);
      await inSession(orphan, [scenario.words.stopReceiver]);
      await scenario.replicated(21, scenario.primary, [middle, sibling]);
      await scenario.kill(middle);
      await inSession(orphan, [scenario.words.startReceiver]);
      const [recovery] = await scenario.recoveries();
      assert.equal(recovery?.IsSuccessful, true, recovery?.AllErrors.join('; '));
      await scenario.replicated(22, scenario.primary, [sibling, orphan]);
      assert.deepEqual(await scenario.rows(orphan), [1, 2, 20, 21, 22]);
    });
  },
);

// They have GTIDs, and nobody made them go by them.
scenarios('with GTIDs, by file and position', { tree: [undefined, 0, 0, 0], flavours: ['mysql'] }, (scenario, test) => {
  test('a dead primary is replaced, and a sibling that received less goes by GTID from then on', async () => {
    const [one, equal, less] = scenario.replicas;
    assert.ok(one && equal && less);
    for (const replica of scenario.replicas) {
      const [file, position] = (await replicaStatus(replica))?.read.split(':') ?? [];
      const at = `SOURCE_LOG_FILE='${file}', SOURCE_LOG_POS=${position}, SOURCE_AUTO_POSITION=0`;
      await inSession(replica, [
        'STOP REPLICA',
        `CHANGE REPLICATION SOURCE TO ${at}`,
        'START REPLICA',
        'FLUSH BINARY LOGS',
      ]);
    }
    await watching(scenario);
    await inSession(less, [scenario.words.stopReceiver]);
    await scenario.replicated(3, scenario.primary, [one, equal]);
    await scenario.kill(scenario.primary);
    await scenario.healed(scenario.replicas, [1, 2, 3]);
    assert.deepEqual(await lost(scenario), []);
    const attached = scenario.daemon.journal().filter((step) => step.startsWith('attach '));
    assert.ok(attached.some((step) => step.startsWith(`attach ${address(less)} `) && step.endsWith(' by GTID')));
    assert.ok(
      attached.some((step) => step.endsWith(' by position or GTID')),
      attached.join(),
    );
  });
});
