import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { GroupFigures } from '../../../internal/metrics/group-metrics.ts';
import { Metrics } from '../../../internal/metrics/metrics.ts';

const quiet = { queue: 0, instances: 4, problems: [], waitingWrites: 0, lostWrites: 0, leads: true, stores: [] };
const STORE = { store: 'etcd', written: 7, failed: 0, waiting: 0, sinceMs: 1_500 };
const GROUP: GroupFigures = {
  role: 'follower',
  life: 'voter',
  lifeMs: 1_500,
  waiting: undefined,
  nextAttemptMs: undefined,
  term: 7,
  commit: 100,
  applied: 98,
  quorum: 2,
  tolerates: -1,
  leaderContactMs: 250,
  sync: { medianMs: 2, worstMs: 30 },
  members: [true, false, false].map((healthy) => ({ kind: 'voter', healthy })),
};

describe('metrics', () => {
  it('speaks the text format: help and type before the samples of a name, each name once', async () => {
    const metrics = new Metrics();
    metrics.probed(true, 0.002);
    metrics.recovered('primary', 'success', 0.3);
    const { type, text } = await metrics.text(() => quiet);
    assert.match(type, /^text\/plain; version=0\.0\.4/);
    const seen = new Set<string>();
    let current = '';
    for (const line of text.split('\n').filter((one) => one !== '')) {
      const [, keyword, name = ''] = /^# (HELP|TYPE) (\S+) /.exec(line) ?? [];
      if (keyword === 'HELP') {
        assert.ok(!seen.has(name), `${name} comes twice`);
        seen.add(name);
        current = name;
      } else if (keyword === 'TYPE') assert.equal(name, current);
      else {
        const sample = /^([a-zA-Z_:][\w:]*)(\{(\w+="[^"\n]*",?)+\})? (-?[\d.e+-]+|[Nn]a[Nn]|\+Inf)$/.exec(line);
        assert.ok(sample?.[1]?.startsWith(current), line);
      }
    }
  });

  it('counts probes by outcome, over several questions', async () => {
    const metrics = new Metrics();
    metrics.probed(true, 0.002);
    await metrics.text(() => quiet);
    metrics.probed(true, 0.002);
    metrics.probed(false, 1);
    const { text } = await metrics.text(() => quiet);
    for (const line of ['{outcome="success"} 2', '{outcome="failure"} 1'])
      assert.ok(text.includes(`\norchestrator_probes_total${line}\n`), line);
  });

  it('shows of each store what became of attempts, and for how long it has had nothing new', async () => {
    const metrics = new Metrics();
    assert.doesNotMatch((await metrics.text(() => quiet)).text, /orchestrator_kv/);
    const stores = [{ store: 'Consul', written: 2, failed: 3, waiting: 4, sinceMs: undefined }, STORE];
    await metrics.text(() => ({ ...quiet, stores }));
    const { text } = await metrics.text(() => ({ ...quiet, stores }));
    for (const line of [
      'attempts_total{store="Consul",outcome="success"} 2',
      'attempts_total{store="Consul",outcome="failure"} 3',
      'attempts_total{store="etcd",outcome="failure"} 0',
      'waiting_clusters{store="Consul"} 4',
      'last_success_seconds{store="Consul"} Nan',
      'last_success_seconds{store="etcd"} 1.5',
    ])
      assert.ok(
        text.includes(`\norchestrator_kv_${line}\n`),
        `${line}\n${text.match(/orchestrator_kv.*/g)?.join('\n')}`,
      );
  });

  it('counts recoveries by kind and outcome, with how long they took', async () => {
    const metrics = new Metrics();
    metrics.recovered('primary', 'success', 0.3);
    metrics.recovered('primary', 'success', 4);
    metrics.recovered('intermediatePrimary', 'failure', 1);
    const { text } = await metrics.text(() => quiet);
    for (const line of [
      'orchestrator_recoveries_total{kind="primary",outcome="success"} 2',
      'orchestrator_recoveries_total{kind="intermediatePrimary",outcome="failure"} 1',
      'orchestrator_recovery_duration_seconds_bucket{le="0.5",kind="primary"} 1',
      'orchestrator_recovery_duration_seconds_sum{kind="primary"} 4.3',
    ])
      assert.ok(text.includes(`${line}\n`), line);
  });

  it('counts the steps of recoveries by phase and outcome, with how long they took', async () => {
    const metrics = new Metrics();
    metrics.stepped('promote', 'success', 0.02);
    metrics.stepped('catch up', 'failure', 7);
    const { text } = await metrics.text(() => quiet);
    for (const line of [
      'orchestrator_recovery_phase_duration_seconds_bucket{le="0.025",phase="promote",outcome="success"} 1',
      'orchestrator_recovery_phase_duration_seconds_sum{phase="catch up",outcome="failure"} 7',
    ])
      assert.ok(text.includes(`${line}\n`), line);
  });

  it('is documented: names, kinds and labels', async () => {
    const metrics = new Metrics();
    metrics.stepped('promote', 'success', 1);
    metrics.proposed('agreed', 1);
    const { text } = await metrics.text(() => ({ ...quiet, group: GROUP, stores: [STORE] }));
    const own = [...text.matchAll(/^# TYPE (orchestrator_(?!nodejs_|process_)\S+) (\S+)$/gm)];
    const rows = [...readFileSync('docs/metrics.md', 'utf8').matchAll(/^\| `(orchestrator_\w+)` \| (\w+) \|/gm)];
    const named = (found: readonly RegExpMatchArray[]) => found.map(([, name, kind]) => `${name} ${kind}`).sort();
    assert.deepEqual(named(rows), named(own));
    for (const [, name = '', kind] of own) {
      assert.equal(kind === 'counter', name.endsWith('_total'), name);
      assert.equal(kind === 'histogram', name.endsWith('_duration_seconds'), name);
    }
    assert.match(text, /^orchestrator_nodejs_eventloop_lag_p99_seconds /m);
  });

  it('tells of a problem as long as it lasts', async () => {
    const metrics = new Metrics();
    const during = await metrics.text(() => ({ ...quiet, problems: ['DeadMaster', 'DeadMaster'], waitingWrites: 3 }));
    assert.match(during.text, /^orchestrator_problems\{code="DeadMaster"\} 2$/m);
    assert.match(during.text, /^orchestrator_backend_waiting_writes 3$/m);
    const after = await metrics.text(() => quiet);
    assert.doesNotMatch(after.text, /DeadMaster/);
  });

  it('tells of the group where there is one', async () => {
    const metrics = new Metrics();
    assert.doesNotMatch((await metrics.text(() => quiet)).text, /orchestrator_raft/);
    const { text } = await metrics.text(() => ({ ...quiet, group: GROUP }));
    for (const line of [
      'orchestrator_raft_role{role="leader"} 0',
      'orchestrator_raft_role{role="follower"} 1',
      'orchestrator_raft_life{state="voter"} 1',
      'orchestrator_raft_life_seconds 1.5',
      'orchestrator_raft_term 7',
      'orchestrator_raft_commit_index 100',
      'orchestrator_raft_applied_index 98',
      'orchestrator_raft_quorum 2',
      'orchestrator_raft_tolerates -1',
      'orchestrator_raft_leader_contact_seconds 0.25',
      'orchestrator_raft_sync_seconds{of="median"} 0.002',
      'orchestrator_raft_sync_seconds{of="worst"} 0.03',
      'orchestrator_raft_members{kind="voter",state="healthy"} 1',
      'orchestrator_raft_members{kind="voter",state="silent"} 2',
    ])
      assert.ok(text.includes(`${line}\n`), line);
    const outside = { ...GROUP, life: 'joining', waiting: { problem: 'no connection' }, nextAttemptMs: 250 };
    const before = (await metrics.text(() => ({ ...quiet, group: outside }))).text;
    for (const line of ['life{state="joining"} 1', 'attempt_failing 1', 'next_attempt_seconds 0.25'])
      assert.ok(before.includes(`orchestrator_raft_${line}\n`), line);
    assert.doesNotMatch(before, /state="voter"\} 1$/m);
    const later = await metrics.text(() => ({
      ...quiet,
      group: { ...GROUP, members: [], leaderContactMs: undefined },
    }));
    assert.doesNotMatch(later.text, /^orchestrator_raft_members\{/m);
    assert.match(later.text, /^orchestrator_raft_next_attempt_seconds NaN$/im);
    assert.match(later.text, /^orchestrator_raft_leader_contact_seconds Nan$/im);
  });

  it('tells how long commands took to be agreed on, by what came of them', async () => {
    const metrics = new Metrics();
    metrics.proposed('agreed', 4);
    metrics.proposed('agreed', 40);
    metrics.proposed('unknown', 2_000);
    const { text } = await metrics.text(() => quiet);
    assert.match(text, /^orchestrator_raft_proposal_duration_seconds_count\{outcome="agreed"\} 2$/m);
    assert.match(text, /^orchestrator_raft_proposal_duration_seconds_sum\{outcome="unknown"\} 2$/m);
  });
});
