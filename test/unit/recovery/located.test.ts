import assert from 'node:assert/strict';
import {
  type Located,
  locatedBy,
  locatedIn,
  locatedText,
  whyNotHalted,
  whyNotItsEnd,
  whyNotThere,
} from '../../../internal/recovery/located.ts';
import type { Instance, ReplicationStatus } from '../../../internal/topology/instance.ts';
import { anInstance, aReplication, PRIMARY_KEY, uuid } from '../topology/builders.ts';

const at = (position: number, file = 'binlog.000001') => ({ file, position });

/** It has received and applied the log of the primary up to 900; its own stands at 40. */
function drained(more: Partial<ReplicationStatus> = {}, rest: Partial<Instance> = {}): Instance {
  const replication = aReplication({ gtid: 'none', read: at(900), executed: at(900), applier: 'stopped', ...more });
  return anInstance(2, { ownCoordinates: at(40, 'own log.000007'), replication, ...rest });
}

const located: Located = {
  server: { hostname: 'h2', port: 3306 },
  place: at(40, 'own log.000007'),
  source: PRIMARY_KEY,
  sourceUuid: uuid(1),
  end: at(900),
};

describe('where the log of a dead source ends on its successor', () => {
  it('is where both stand, of one that stands still, and can be read from the journal', () => {
    assert.deepEqual(locatedBy(drained(), drained()), located);
    const steps = [
      'freeze h2:3306',
      locatedText({ ...located, place: at(39) }),
      locatedText(located),
      'promote h2:3306',
    ];
    assert.deepEqual(locatedIn(steps, located.server), located);
    const nameless = { ...located, source: { hostname: '::1', port: 3306 }, sourceUuid: '' };
    assert.deepEqual(locatedIn([locatedText(nameless)], located.server), nameless);
    assert.equal(locatedIn(steps, { hostname: 'h3', port: 3306 }), undefined);
    assert.equal(locatedIn(['locate h2:3306'], located.server), undefined, 'it was not found');
  });

  for (const [title, first, second, reason] of [
    ['takes writes', drained({}, { readOnly: false }), drained(), /h2:3306 is not read-only/],
    ['has taken them since', drained(), drained({}, { readOnly: false }), /is not read-only/],
    ['has no log', drained({}, { ownCoordinates: at(0, '') }), drained(), /has no binary log/],
    ['is no replica', anInstance(2, { ownCoordinates: at(40) }), drained(), /is no replica/],
    ['receives', drained({ receiver: 'running' }), drained(), /is receiving/],
    ['has more to apply', drained({ read: at(901) }), drained(), /has not applied all/],
    ['logs something', drained(), drained({}, { ownCoordinates: at(41, 'own log.000007') }), /does not stand still/],
    ['applies', drained(), drained({ read: at(901), executed: at(901) }), /does not stand still/],
  ] as const)
    it(`is not known of one that ${title}`, () => {
      assert.throws(() => locatedBy(first, second), reason);
    });

  for (const [title, replica, reason] of [
    ['of the same, under another address', drained({ source: { hostname: 'alias', port: 1 } }), undefined],
    ['of the same address, of which no UUID is known', drained({ sourceUuid: '' }), undefined],
    [
      'who has applied less',
      drained({ executed: at(800) }),
      /has applied binlog.000001:800 and received binlog.000001:900/,
    ],
    [
      'who has received more',
      drained({ read: at(950) }),
      /received binlog.000001:950 of the log of primary:3306, h2:3306 binlog/,
    ],
    ['who has got further', drained({ read: at(950), executed: at(950) }), /has applied binlog.000001:950/],
    [
      'who stands in another file',
      drained({ read: at(900, 'binlog.000002'), executed: at(900, 'binlog.000002') }),
      /binlog.000002:900/,
    ],
    ['of another server', drained({ sourceUuid: uuid(9) }), /follows primary:3306 by now/],
    ['who is no replica', anInstance(3), /is no replica/],
  ] as const)
    it(`is the place ${reason === undefined ? '' : 'of nobody '}${title}`, () => {
      const said = whyNotThere(replica, located);
      if (reason === undefined) assert.equal(said, undefined);
      else assert.match(said ?? '', reason);
    });

  it('is a place to go on from only for one that is halted', () => {
    assert.equal(whyNotHalted(drained()), undefined);
    for (const running of [{ applier: 'running' }, { receiver: 'running' }] as const)
      assert.match(whyNotHalted(drained(running)) ?? '', /somebody started/);
  });

  it('is the place of the old source only where its log ends there', () => {
    const source = anInstance(1, { ownCoordinates: at(900) });
    assert.equal(whyNotItsEnd(source, located), undefined);
    assert.match(
      whyNotItsEnd({ ...source, ownCoordinates: at(930) }, located) ?? '',
      /ends at binlog.000001:930, and h2:3306/,
    );
    assert.match(whyNotItsEnd({ ...source, serverUuid: uuid(5) }, located) ?? '', /did not follow it/);
  });
});
