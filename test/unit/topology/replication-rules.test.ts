import assert from 'node:assert/strict';
import type { ClusterSnapshot } from '../../../internal/topology/cluster.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { type ReplicationRuleOptions, whyCannotReplicateFrom } from '../../../internal/topology/replication-rules.ts';
import { aMariadbReplica, anInstance, aReplica, aReplication, mysqlGtid, uuid } from './builders.ts';

const U = uuid(1);
const options: ReplicationRuleOptions = {
  lowerVersionAllowed: false,
  verifyFilters: false,
  reasonableMaintenanceLagSeconds: 20,
};
const replica = aReplica(2, `${U}:1-9`);
const old = aReplica(2, `${U}:1-9`, '', { version: '8.0.36' });
const filtered = aReplica(3, `${U}:1-9`, '', { replication: { hasFilters: true } });
const delayed = (seconds: number) => aReplica(3, `${U}:1-9`, '', { replication: { delaySeconds: seconds } });

function below(instance: Instance, source: Instance): Instance {
  return { ...instance, replication: aReplication({ source: source.key }) };
}

function snapshotOf(...instances: readonly Instance[]): ClusterSnapshot {
  const known = {
    lastCheckedMs: 0,
    lastAttemptedMs: 0,
    lastSeenMs: 0,
    valid: true,
    partialSuccess: false,
    errantGtid: '',
    lastError: '',
  };
  return {
    name: 'c',
    alias: '',
    domain: '',
    takenAtMs: 0,
    members: instances.map((instance) => ({ instance, ...known })),
    downtimes: new Map(),
    maintenance: new Set(),
  };
}

type Case = readonly [
  title: string,
  replica: Instance,
  source: Instance,
  refusal: RegExp | undefined,
  more?: Partial<ReplicationRuleOptions>,
];

const top = anInstance(7);
const middle = below(anInstance(8), top);
const bottom = below(anInstance(9), middle);
const graph = { snapshot: snapshotOf(top, middle, bottom) };
const co1 = below(anInstance(5), anInstance(6));
const co2 = below(anInstance(6), anInstance(5));

const cases: readonly Case[] = [
  ['siblings', replica, aReplica(3, `${U}:1-9`), undefined],
  ['itself', replica, replica, /itself/],
  ['MySQL below MariaDB', replica, aMariadbReplica(3, '0-1-1'), /is mysql and h3:3306 is mariadb/],
  ['no binary log above', replica, anInstance(3, { binlogEnabled: false }), /no binary log/],
  ['a replica above that does not log updates', replica, aReplica(3, '', '', { logReplicaUpdates: false }), /not log/],
  ['a primary above that would not log updates', replica, anInstance(3, { logReplicaUpdates: false }), undefined],
  ['lower version', old, aReplica(3, ''), /8\.0, lower than 8\.4/],
  ['lower version, allowed', old, aReplica(3, ''), undefined, { lowerVersionAllowed: true }],
  ['higher version', aReplica(3, ''), old, undefined],
  ['smaller format', aReplica(2, '', '', { binlogFormat: 'MIXED' }), aReplica(3, ''), /MIXED/],
  [
    'smaller format without logging updates',
    aReplica(2, '', '', { binlogFormat: 'MIXED', logReplicaUpdates: false }),
    aReplica(3, ''),
    undefined,
  ],
  ['filters above only', replica, filtered, /filters/, { verifyFilters: true }],
  [
    'filters on both',
    { ...filtered, ...{ key: replica.key, serverId: 2, serverUuid: uuid(2) } },
    filtered,
    undefined,
    { verifyFilters: true },
  ],
  ['filters not looked at', replica, filtered, undefined],
  ['equal server ids', replica, aReplica(3, '', '', { serverId: 2 }), /server id 2/],
  ['equal server UUIDs', replica, aReplica(3, '', '', { serverUuid: uuid(2) }), /server UUID/],
  ['empty server UUIDs', aMariadbReplica(2, '0-1-1'), aMariadbReplica(3, '0-1-1'), undefined],
  ['a source with a long delay', replica, delayed(30), /delayed by 30 s/],
  ['a source with a short delay', replica, delayed(20), undefined],
  ['anonymous below GTID', aReplica(2, '', '', { gtid: mysqlGtid('', { mode: 'OFF' }) }), anInstance(3), /gtid_mode/],
  [
    'purged and needed',
    replica,
    aReplica(3, '', '', { gtid: mysqlGtid(`${U}:1-12`, { purged: `${U}:1-11` }) }),
    /purged 00000000-0000-0000-0000-000000000001:10-11/,
  ],
  [
    'purged but in the relay log',
    aReplica(2, `${U}:1-9`, `${U}:10-11`),
    aReplica(3, '', '', { gtid: mysqlGtid(`${U}:1-12`, { purged: `${U}:1-11` }) }),
    undefined,
  ],
  ['a source that descends from it', top, bottom, /replicates from h7:3306/, graph],
  ['a source that descends from it, graph not given', top, bottom, undefined],
  ['up the graph', bottom, top, undefined, graph],
  ['co-primaries stay', co1, co2, undefined, { snapshot: snapshotOf(co1, co2) }],
];

describe('whyCannotReplicateFrom', () => {
  for (const [title, below, above, refusal, more] of cases) {
    it(`${refusal ? 'refuses' : 'allows'}: ${title}`, () => {
      const reason = whyCannotReplicateFrom(below, above, { ...options, ...more });
      if (refusal === undefined) assert.equal(reason, undefined);
      else assert.match(reason ?? '', refusal);
    });
  }
});
