import assert from 'node:assert/strict';
import type { Instance, WatchedInstance } from '../../../internal/topology/instance.ts';
import { isSteady } from '../../../internal/topology/steady.ts';
import { anInstance, aReplica, aReplication, mariadbGtid, mysqlGtid } from './builders.ts';

const watched = (instance: Instance, more: Partial<WatchedInstance> = {}): WatchedInstance => ({
  instance,
  lastCheckedMs: 0,
  lastAttemptedMs: 0,
  lastSeenMs: 0,
  valid: true,
  partialSuccess: true,
  lastError: '',
  errantGtid: '',
  ...more,
});

const replica = aReplica(2, '');
const replicating = (more: Parameters<typeof aReplication>[0]) => ({ replication: aReplication(more) });
const at = (position: number) => ({ file: 'binlog.000002', position });

const MOVES: Readonly<Record<string, Partial<Instance>>> = {
  'time and positions': { uptimeSeconds: 2_000, ownCoordinates: at(9) },
  'transactions (MySQL)': { gtid: mysqlGtid('a:1-9', { purged: 'a:1-2' }) },
  'a replica that goes on': replicating({ read: at(9), executed: at(8), relay: at(7), received: 'a:9', lagSeconds: 7 }),
  'an unknown lag': { ...replicating({ lagSeconds: undefined }), measuredLagSeconds: null },
  'a rule that was registered': { promotionRule: 'prefer' },
};

const CHANGES: Readonly<Record<string, Partial<Instance>>> = {
  'a receiver that stops': replicating({ receiver: 'other' }),
  'an applier that stops': replicating({ applier: 'stopped' }),
  'an error': replicating({ receiverErrno: 2003 }),
  'another source': replicating({ source: { hostname: 'other', port: 3306 } }),
  'no source': { replication: undefined },
  'another channel': { otherChannels: [aReplication({ channel: 'x' })] },
  'writes allowed': { readOnly: false },
  'another mode of GTID': { gtid: mysqlGtid('', { mode: 'OFF' }) },
  'another kind of GTID': { gtid: mariadbGtid('0-1-1') },
  'a new replica': { replicaKeys: [{ hostname: 'h3', port: 3306 }] },
  'a semi-sync replica less': { semiSync: { ...replica.semiSync, sourceClients: 1 } },
  'another version': { version: '8.4.4' },
};

describe('isSteady', () => {
  const base = { ...replica, ...replicating({}) };
  for (const [title, change] of Object.entries(MOVES))
    it(`lets ${title} pass`, () => assert.equal(isSteady(watched(base), watched({ ...base, ...change })), true));
  for (const [title, change] of Object.entries(CHANGES))
    it(`sees ${title}`, () => {
      assert.equal(isSteady(watched(base), watched({ ...base, ...change })), false);
      assert.equal(isSteady(watched({ ...base, ...change }), watched(base)), false);
    });

  it('sees a channel of several that stops', () => {
    const several = (receiver: 'running' | 'stopped') =>
      watched(anInstance(2, { otherChannels: [aReplication({ channel: 'x', receiver })] }));
    assert.equal(isSteady(several('running'), several('running')), true);
    assert.equal(isSteady(several('running'), several('stopped')), false);
  });

  it('sees what is known of the read itself', () => {
    assert.equal(isSteady(undefined, watched(base)), false);
    assert.equal(isSteady(watched(base, { valid: false }), watched(base)), false);
    assert.equal(isSteady(watched(base), watched(base, { partialSuccess: false })), false);
    assert.equal(isSteady(watched(base), watched(base, { errantGtid: 'a:1' })), false);
  });
});
