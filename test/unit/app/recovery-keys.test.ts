// Each key of the configuration that says how a recovery goes, from the file to what becomes of a dead primary.

import assert from 'node:assert/strict';
import { analysesOf } from '../../../internal/app/analyses.ts';
import type { Settings } from '../../../internal/app/settings.ts';
import { settingsFrom } from '../../../internal/app/settings-from-config.ts';
import type { Config } from '../../../internal/config/keys.ts';
import { defaultConfig } from '../../../internal/config/load.ts';
import { matchesClusterFilter } from '../../../internal/recovery/filters.ts';
import type { RecoveryKind } from '../../../internal/recovery/kinds.ts';
import { planRecovery } from '../../../internal/recovery/plan.ts';
import { stepText } from '../../../internal/recovery/runner.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { anInstance, aReplica, aReplication, mysqlGtid, PRIMARY_KEY, uuid } from '../topology/builders.ts';

const settings = (more: Partial<Config>) => settingsFrom({ ...defaultConfig(), ...more }, { noop: false });
const all = `${uuid(1)}:1-9`;
const dead = anInstance(1, { key: PRIMARY_KEY, readOnly: false, gtid: mysqlGtid(all) });
const there = { dataCenter: 'dc2', region: 'r2' };
const sibling = aReplica(3, all);
const unapplied = aReplica(2, `${uuid(1)}:1-5`, all);
const lagging = (lagSeconds: number) => aReplica(2, all, '', { replication: { lagSeconds, receiver: 'running' } });
const older = aReplica(3, all, '', { version: '8.0.30', promotionRule: 'must_not' });
const diverged = aReplica(3, `${uuid(1)}:1-9,${uuid(1)}:12`);
const partner = aReplica(2, all, '', { promotionRule: 'must_not' });
const ring = { ...dead, replication: aReplication({ source: { hostname: 'h2', port: 3306 } }) };
const filtered = (n: number) => aReplica(n, all, '', { replication: { hasFilters: true } });

/** What is done when the primary dies, in short words. */
function plan(config: Partial<Config>, members: readonly Instance[], kind: RecoveryKind = 'primary'): string {
  const { attempt } = settings(config).coordinator;
  const found = planRecovery(kind, {
    ...{ snapshot: aSnapshot(members, [PRIMARY_KEY]), failed: PRIMARY_KEY, primaryAnswers: false },
    ...{ fence: attempt.fenceReplacedPrimary, options: attempt.plan },
  });
  if (found.kind === 'none') return 'none';
  const steps = found.steps.filter(({ kind: step }) => step !== 'drain' && step !== 'forget').map(stepText);
  return steps.join(', ').replaceAll(':3306', '');
}

describe('what becomes of a dead primary', () => {
  const promoted = 'fence primary, promote h2';
  for (const [config, members, without, then, kind] of [
    [{ FenceReplacedPrimary: false }, [dead, sibling], 'fence primary, promote h3', 'promote h3'],
    [{ PreventCrossDataCenterMasterFailover: true }, [dead, aReplica(2, all, '', there)], promoted, 'none'],
    [{ PreventCrossRegionMasterFailover: true }, [dead, aReplica(2, all, '', there)], promoted, 'none'],
    [{ PromotionIgnoreHostnameFilters: ['^h2:'] }, [dead, aReplica(2, all)], promoted, 'none'],
    [{ FailMasterPromotionOnLagMinutes: 1 }, [dead, lagging(60)], promoted, 'none'],
    [{ FailMasterPromotionIfSQLThreadNotUpToDate: true }, [dead, unapplied], promoted, 'none'],
    [{ ApplyMySQLPromotionAfterMasterFailover: false }, [dead, sibling], 'fence primary, promote h3', 'fence primary'],
    [
      { ApplyMySQLPromotionAfterMasterFailover: false, MasterFailoverDetachReplicaMasterHost: true },
      ...[[dead, sibling], 'fence primary, promote h3', 'fence primary, detach h3'],
    ],
    [
      { DetachLostReplicasAfterMasterFailover: false, DetachLostSlavesAfterMasterFailover: false },
      ...[[dead, aReplica(2, `${uuid(1)}:1-11`), diverged], `${promoted}, detach h3`, promoted],
    ],
    [
      { LowerReplicaVersionAllowed: true },
      [dead, aReplica(2, all), older],
      `${promoted}, detach h3`,
      `${promoted}, attach h3 to h2`,
    ],
    [
      { VerifyReplicationFilters: true },
      [dead, filtered(2), sibling],
      `${promoted}, attach h3 to h2`,
      'fence primary, promote h3, attach h2 to h3',
    ],
    [
      { PostponeReplicaRecoveryOnLagMinutes: 1 },
      ...[
        [dead, lagging(90), aReplica(4, all), aReplica(5, all)],
        'fence primary, promote h4, attach h2 to h4, attach h5 to h4',
        'fence primary, promote h4, attach h5 to h4, attach h2 to h4',
      ],
    ],
    [
      { CoMasterRecoveryMustPromoteOtherCoMaster: false },
      ...[[ring, partner, sibling], 'none', 'fence primary, promote h3, attach h2 to h3', 'coPrimary'],
    ],
  ] as readonly (readonly [Partial<Config>, readonly Instance[], string, string, RecoveryKind?])[])
    it(`goes by ${Object.keys(config).join(' and ')}`, () => {
      assert.equal(plan({}, members, kind), without);
      assert.equal(plan(config, members, kind), then);
    });
});

describe('what else a key decides', () => {
  const at = <T>(config: Partial<Config>, read: (from: Settings) => T) => read(settings(config));
  for (const [config, read, value] of [
    [{ RecoveryPeriodBlockSeconds: 7 }, (from) => from.book.blockMs, 7_000],
    [{ FailureDetectionPeriodBlockMinutes: 7 }, (from) => from.detector.periodMs, 420_000],
    [{ PromoteOnDrainTimeout: true }, (from) => from.runner.promoteOnDrainTimeout, true],
    [
      { PromoteOnDrainTimeout: true, DelayMasterPromotionIfSQLThreadNotUpToDate: true },
      ...[(from: Settings) => from.runner.promoteOnDrainTimeout, false],
    ],
    [{ RecoverLockedSemiSyncMaster: true }, (from) => from.coordinator.attempt.plan.semiSync, 'enough'],
    [
      { RecoverLockedSemiSyncMaster: true, EnforceExactSemiSyncReplicas: true },
      ...[(from: Settings) => from.coordinator.attempt.plan.semiSync, 'exact'],
    ],
    [{}, (from) => from.coordinator.attempt.plan.semiSync, 'off'],
    [{ ReasonableLockedSemiSyncMasterSeconds: 3 }, (from) => from.lockedSemiSyncMs, 3_000],
    [{ ReasonableReplicationLagSeconds: 4 }, (from) => from.lockedSemiSyncMs, 4_000],
    [{ ReadOnlyPrimaryHoldSeconds: 5 }, (from) => from.coordinator.holdMs.readOnlyPrimary, 5_000],
    [{ ReasonableMaintenanceReplicationLagSeconds: 9 }, (from) => from.takeover.reasonableLagSeconds, 9],
  ] as readonly (readonly [Partial<Config>, (from: Settings) => unknown, unknown])[])
    it(`${JSON.stringify(config)}: ${JSON.stringify(value)}`, () => assert.equal(at(config, read), value));

  it('RecoverMasterClusterFilters and RecoverIntermediateMasterClusterFilters: who is opted in', () => {
    const opted = { RecoverMasterClusterFilters: ['alias=a'], RecoverIntermediateMasterClusterFilters: ['alias=b'] };
    const { primaryFilters, intermediateFilters } = settings(opted).coordinator;
    const matches = (filters: readonly string[]) =>
      ['a', 'b'].map((alias) => matchesClusterFilter(filters, { name: 'x:1', alias }));
    assert.deepEqual(
      [matches(primaryFilters), matches(intermediateFilters)],
      [
        [true, false],
        [false, true],
      ],
    );
  });

  it('RecoveryIgnoreHostnameFilters: who is never analysed', () => {
    const hosts = (config: Partial<Config>) =>
      analysesOf(aSnapshot([dead, sibling], []), settings(config), () => false).map(
        ({ facts }) => facts.instance.key.hostname,
      );
    assert.deepEqual(hosts({ RecoveryIgnoreHostnameFilters: ['^primary$'] }), ['h3']);
    assert.deepEqual(hosts({}), ['primary', 'h3']);
  });
});
