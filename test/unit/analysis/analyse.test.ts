import assert from 'node:assert/strict';
import { analyseCluster } from '../../../internal/analysis/analyse.ts';
import type { AnalysisOptions } from '../../../internal/analysis/facts.ts';
import type { ClusterSnapshot } from '../../../internal/topology/cluster.ts';
import type { Instance, ReplicationStatus, WatchedInstance } from '../../../internal/topology/instance.ts';
import type { InstanceKey } from '../../../internal/topology/instance-key.ts';
import { anInstance, aReplication } from '../topology/builders.ts';

const key = (hostname: string): InstanceKey => ({ hostname, port: 3306 });

interface Change {
  readonly valid?: boolean;
  readonly partial?: boolean;
  readonly replication?: Partial<ReplicationStatus>;
  readonly instance?: Partial<Instance>;
  readonly downtime?: boolean;
  readonly errant?: string;
}

/** A leads; B, D and E follow it; C follows B. All healthy but for the changes. */
function cluster(changes: Readonly<Record<string, Change>>): ClusterSnapshot {
  const sources: Record<string, string | undefined> = { A: undefined, B: 'A', C: 'B', D: 'A', E: 'A' };
  const members = Object.entries(sources).map(([name, source], index): WatchedInstance => {
    const change = changes[name] ?? {};
    const replication =
      source === undefined
        ? undefined
        : aReplication({
            source: key(source),
            receiver: 'running',
            applier: 'running',
            gtid: 'mysql',
            lagSeconds: 0,
            ...change.replication,
          });
    return {
      instance: {
        ...anInstance(index + 1),
        key: key(name),
        readOnly: source !== undefined,
        replication,
        ...change.instance,
      },
      lastCheckedMs: 0,
      lastAttemptedMs: 0,
      lastSeenMs: 0,
      valid: change.valid ?? true,
      partialSuccess: change.partial ?? change.valid ?? true,
      errantGtid: change.errant ?? '',
      lastError: '',
    };
  });
  const downtimed = Object.entries(changes).filter(([, change]) => change.downtime);
  return {
    name: 'A:3306',
    alias: 'A:3306',
    domain: '',
    takenAtMs: 0,
    members,
    downtimes: new Map(
      downtimed.map(([name]) => [`${name}:3306`, { owner: 'o', reason: 'test', beginMs: 0, endMs: 1 }]),
    ),
    maintenance: new Set(),
  };
}

const OPTIONS: AnalysisOptions = {
  reasonableLagSeconds: 10,
  enforceExactSemiSync: false,
  recoverNonWriteablePrimary: false,
  staleCoordinates: () => false,
};

function lines(snapshot: ClusterSnapshot, options: Partial<AnalysisOptions> = {}): readonly string[] {
  return analyseCluster(snapshot, { ...OPTIONS, ...options })
    .filter(({ code, suppressedBy }) => code !== 'NoProblem' && suppressedBy === undefined)
    .map(({ code, facts }) => `${facts.instance.key.hostname} ${code}`);
}

const lost: Change = { replication: { receiver: 'other', receiverErrno: 2003 } };
const receiverStopped: Change = { replication: { receiver: 'stopped' } };
const applierStopped: Change = { replication: { applier: 'stopped' } };
const lagging = (seconds: number, delaySeconds = 0): Change => ({ replication: { lagSeconds: seconds, delaySeconds } });
const gone: Change = { valid: false };

describe('analysis of one primary, three replicas and one below', () => {
  for (const [title, changes, expected] of [
    ['all healthy', {}, []],
    ['A gone, its replicas lost it', { A: gone, B: lost, D: lost, E: lost }, ['A DeadMaster']],
    ['A gone, D and E gone, B lost it', { A: gone, B: lost, D: gone, E: gone }, ['A DeadMasterAndSomeReplicas']],
    [
      'A gone with all its replicas',
      { A: gone, B: gone, D: gone, E: gone },
      ['A DeadMasterAndReplicas', 'B UnreachableIntermediateMaster'],
    ],
    ['A unreachable to us only', { A: gone }, ['A UnreachableMaster']],
    ['A answers in part', { A: { valid: false, partial: true } }, []],
    [
      'A answers in part and B cannot connect',
      { A: { valid: false, partial: true }, B: lost },
      ['A UnreachableMaster', 'B FirstTierReplicaFailingToConnectToMaster'],
    ],
    [
      'A unreachable, all replicas lag',
      { A: gone, B: lagging(60), D: lagging(60), E: lagging(60) },
      ['A UnreachableMasterWithLaggingReplicas'],
    ],
    ['A unreachable, one replica does not lag', { A: gone, D: lagging(60), E: lagging(60) }, ['A UnreachableMaster']],
    [
      'A unreachable, all replicas delayed',
      { A: gone, B: lagging(600, 600), D: lagging(600, 600), E: lagging(600, 600) },
      ['A UnreachableMaster'],
    ],
    [
      'A unreachable, appliers stopped but receivers connected',
      { A: gone, B: applierStopped, D: applierStopped, E: applierStopped },
      ['A UnreachableMaster'],
    ],
    [
      'appliers stopped on a living A',
      { B: applierStopped, D: applierStopped, E: applierStopped },
      ['A AllMasterReplicasNotReplicating'],
    ],
    ['the same, D and E gone', { B: applierStopped, D: gone, E: gone }, ['A AllMasterReplicasNotReplicatingOrDead']],
    ['B gone, C stopped', { B: gone, C: receiverStopped }, ['B DeadIntermediateMasterWithSingleReplica']],
    ['B gone, C cannot connect', { B: gone, C: lost }, ['B DeadIntermediateMasterWithSingleReplicaFailingToConnect']],
    ['B and C gone', { B: gone, C: gone }, ['B DeadIntermediateMasterAndReplicas']],
    ['B gone, C connected', { B: gone }, ['B UnreachableIntermediateMaster']],
    ['B gone, C lags', { B: gone, C: lagging(60) }, ['B UnreachableIntermediateMasterWithLaggingReplicas']],
    ['C applier stopped', { C: applierStopped }, ['B AllIntermediateMasterReplicasNotReplicating']],
    ['C applier stopped, in downtime', { C: { ...applierStopped, downtime: true } }, []],
    ['B cannot connect', { B: lost }, ['B FirstTierReplicaFailingToConnectToMaster']],
    ['A gone in downtime', { A: { ...gone, downtime: true }, B: lost, D: lost, E: lost }, []],
  ] as readonly (readonly [string, Readonly<Record<string, Change>>, readonly string[]])[]) {
    it(`${title}: ${expected.join(', ') || 'nothing'}`, () => {
      // Direct replicas that lost a dead primary say so too; that echo is not what these cases are about.
      const echo = (line: string) =>
        line.endsWith('FirstTierReplicaFailingToConnectToMaster') && !expected.includes(line);
      assert.deepEqual(
        lines(cluster(changes)).filter((line) => !echo(line)),
        expected,
      );
    });
  }
});

const semiSync = (more: Partial<Instance['semiSync']>): Change => ({
  instance: { semiSync: { ...anInstance(1).semiSync, sourceEnabled: true, sourceActive: true, ...more } },
});
const binlog = (format: string): Change => ({ instance: { binlogFormat: format } });
const notLogging: Change = { instance: { logReplicaUpdates: false } };
const noGtid: Change = { replication: { gtid: 'none' } };

describe('what the primary says of its semi-sync replicas', () => {
  const stuck = { staleCoordinates: () => true };
  for (const [title, change, options, expected] of [
    ['one of two, writing nothing', { waitForReplicaCount: 2, sourceClients: 1 }, stuck, ['A LockedSemiSyncMaster']],
    ['one of two', { waitForReplicaCount: 2, sourceClients: 1 }, {}, ['A LockedSemiSyncMasterHypothesis']],
    [
      'none of one on MariaDB, which has no number for it',
      { sourceClients: 0 },
      { ...stuck, mariadb: true },
      ['A LockedSemiSyncMaster'],
    ],
    ['two of two', { waitForReplicaCount: 2, sourceClients: 2 }, stuck, []],
    ['three of two', { waitForReplicaCount: 2, sourceClients: 3 }, {}, []],
    [
      'three of two where the number is to be exact',
      { waitForReplicaCount: 2, sourceClients: 3 },
      { enforceExactSemiSync: true },
      ['A MasterWithTooManySemiSyncReplicas'],
    ],
  ] as const) {
    it(`${title}: ${expected.join(', ') || 'nothing'}`, () => {
      const { mariadb, ...rest } = { mariadb: false, ...options };
      const A = semiSync(change);
      const family = mariadb ? 'mariadb' : 'mysql';
      assert.deepEqual(lines(cluster({ A: { ...A, instance: { ...A.instance, family } } }), rest), expected);
    });
  }
});

describe('structure warnings of the primary', () => {
  for (const [title, changes, expected] of [
    ['all healthy', {}, []],
    [
      'semi-sync fell back to asynchronous',
      { A: semiSync({ sourceActive: false, waitForReplicaCount: 2, sourceClients: 1 }) },
      ['NotEnoughValidSemiSyncReplicasStructureWarning'],
    ],
    ['B has errant transactions', { B: { errant: 'x:1' } }, ['ErrantGTIDStructureWarning']],
    ['B has errant transactions and is in downtime', { B: { errant: 'x:1', downtime: true } }, []],
    [
      'E is of another major version',
      { E: { instance: { version: '9.0.0' } } },
      ['MultipleMajorVersionsLoggingReplicasStructureWarning'],
    ],
    [
      'E logs rows, the others statements',
      { B: binlog('STATEMENT'), D: binlog('STATEMENT') },
      ['StatementAndRowLoggingReplicasStructureWarning'],
    ],
    [
      'E logs mixed',
      { E: binlog('MIXED'), B: binlog('STATEMENT'), D: binlog('STATEMENT') },
      ['StatementAndMixedLoggingReplicasStructureWarning'],
    ],
    ['rows and mixed', { E: binlog('MIXED') }, ['MixedAndRowLoggingReplicasStructureWarning']],
    ['nobody logs', { B: notLogging, D: notLogging, E: notLogging }, ['NoLoggingReplicasStructureWarning']],
    ['no GTID', { B: noGtid, D: noGtid, E: noGtid }, ['NoFailoverSupportStructureWarning']],
    ['A read-only', { A: { instance: { readOnly: true } } }, ['NoWriteableMasterStructureWarning']],
    [
      'E of another GTID mode',
      { E: { instance: { gtid: { kind: 'mysql', mode: 'OFF', executed: '', purged: '' } } } },
      ['DifferentGTIDModesStructureWarning'],
    ],
  ] as readonly (readonly [string, Readonly<Record<string, Change>>, readonly string[]])[]) {
    it(`${title}: ${expected.join(', ') || 'none'}`, () => {
      const [ofPrimary] = analyseCluster(cluster(changes), OPTIONS);
      assert.deepEqual(ofPrimary?.structureWarnings, expected);
    });
  }
});

describe('two co-primaries', () => {
  /** A and B follow each other; C follows B, D and E follow A. */
  const pair = (changes: Readonly<Record<string, Change>>) => {
    const ring = cluster(changes);
    const towardsB = aReplication({ source: key('B'), receiver: 'running', applier: 'running' });
    const members = ring.members.map((member) =>
      member.instance.key.hostname === 'A'
        ? { ...member, instance: { ...member.instance, replication: towardsB } }
        : member,
    );
    return { ...ring, members };
  };
  for (const [title, changes, expected] of [
    ['all healthy', {}, []],
    ['A gone, all lost it', { A: gone, B: lost, D: lost, E: lost }, ['A DeadCoMaster']],
    ['A and D gone, the others lost it', { A: gone, B: lost, D: gone, E: lost }, ['A DeadCoMasterAndSomeReplicas']],
    ['A unreachable to us only', { A: gone }, ['A UnreachableCoMaster']],
    [
      'no replica of A applies',
      { B: applierStopped, D: applierStopped, E: applierStopped },
      ['A AllCoMasterReplicasNotReplicating'],
    ],
  ] as readonly (readonly [string, Readonly<Record<string, Change>>, readonly string[]])[]) {
    it(`${title}: ${expected.join(', ') || 'nothing'}`, () => {
      const ofA = lines(pair(changes)).filter((line) => line.startsWith('A '));
      assert.deepEqual(ofA, expected);
    });
  }
});

describe('a member of a replication group', () => {
  const group = { name: 'g', state: 'ONLINE', role: 'SECONDARY', members: [], primary: undefined };
  const member: Change = { ...gone, instance: { group } };
  for (const [title, changes, expected] of [
    ['gone, its replicas lost it', { B: member, C: lost }, ['B DeadReplicationGroupMemberWithReplicas']],
    ['gone, a replica connected', { B: member }, []],
    ['gone, without replicas', { D: member }, []],
    [
      'gone after it left the group',
      { B: { ...gone, instance: { group: { ...group, state: 'OFFLINE' } } }, C: gone },
      ['B DeadIntermediateMasterAndReplicas'],
    ],
  ] as readonly (readonly [string, Readonly<Record<string, Change>>, readonly string[]])[]) {
    it(`${title}: ${expected.join(', ') || 'nothing'}`, () => assert.deepEqual(lines(cluster(changes)), expected));
  }
});
