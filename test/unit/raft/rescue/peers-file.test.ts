import assert from 'node:assert/strict';
import { foundingConfiguration } from '../../../../internal/raft/core/membership.ts';
import { forcedMembership, parsePeers } from '../../../../internal/raft/rescue/peers-file.ts';
import { compare, type Survivor } from '../../../../internal/raft/rescue/survey.ts';
import { aFounder } from '../../../support/forming.ts';

const GROUP = foundingConfiguration(
  ['10.0.0.1', '10.0.0.2', '10.0.0.3'].map((host) => aFounder(`${host}:10008`, { address: `${host}:10008` })),
);
const SELF = '10.0.0.1:10008/i1';

/** By the last digits of the voters, then of the others. */
function forced(file: unknown): string {
  const { voters, learners, members } = forcedMembership(parsePeers(JSON.stringify(file), 10_008), GROUP, SELF);
  const digits = (ids: readonly string[]) => ids.map((id) => id.split(':')[0]?.at(-1)).join('');
  assert.deepEqual(
    members.map(({ id }) => id),
    [...voters, ...learners].toSorted(),
  );
  return `${digits(voters)}/${digits(learners)}`;
}

const MEANT: readonly (readonly [what: string, file: unknown, membership: string])[] = [
  ['a list of addresses', ['10.0.0.1', '10.0.0.2:10008'], '12/'],
  ['this node alone', [{ id: '10.0.0.1:10008', address: '10.0.0.1' }], '1/'],
  [
    'the id of a member',
    [{ address: '10.0.0.1' }, { id: '10.0.0.3:10008/i1', address: '10.0.0.9', non_voter: true }],
    '1/3',
  ],
];
const REFUSED: readonly (readonly [what: string, file: unknown, says: RegExp])[] = [
  ['an object', { address: '10.0.0.1' }, /it must be a list of/],
  ['nothing', [], /not an empty one/],
  ['a number', [1], /entry 1 is neither an address nor/],
  ['a vote that is no truth value', [{ address: '10.0.0.1', non_voter: 'no' }], /entry 1 is neither/],
  ['an address that is none', ['10.0.0.300'], /peers\.json, entry 1/],
  ['the same address twice', ['10.0.0.1', '10.0.0.1:10008'], /10\.0\.0\.1:10008 stands in it twice/],
  [
    'the same node twice',
    [
      { id: '10.0.0.1:10008', address: '10.0.0.1' },
      { id: SELF, address: '10.0.0.7' },
    ],
    /stands in it twice, under different names/,
  ],
  ['nobody who votes', [{ address: '10.0.0.1', non_voter: true }], /nobody in it votes/],
  ['a stranger', ['10.0.0.1', '10.0.0.4'], /10\.0\.0\.4:10008 was no member of the group \(10\.0\.0\.1:10008,/],
  ['others only', ['10.0.0.2'], /this node \(10\.0\.0\.1:10008\/i1\) does not stand in it/],
];

describe('peers.json', () => {
  for (const [what, file, membership] of MEANT)
    it(`is meant as it stands there: ${what}`, () => assert.equal(forced(file), membership));
  for (const [what, file, says] of REFUSED)
    it(`is refused: ${what}`, () => assert.throws(() => forced(file), { code: 'CONFIG_INVALID', message: says }));
  it('is refused when it is no JSON', () => {
    assert.throws(() => parsePeers('[', 10_008), { code: 'CONFIG_INVALID', message: /peers\.json: it is no JSON/ });
  });
});

describe('survivors', () => {
  const survivor = (node: string, lastTerm: number, lastIndex: number, changes: Partial<Survivor> = {}): Survivor => ({
    ...{ node, address: node, clusterId: 'c1', generation: 1, lastIndex, lastTerm, digest: 'd', voters: [] },
    ...changes,
  });
  const CASES: readonly (readonly [string, readonly [Survivor, ...Survivor[]], string, boolean])[] = [
    ['all the same', [survivor('a', 3, 9), survivor('b', 3, 9)], 'a', true],
    ['a longer log', [survivor('a', 3, 9), survivor('b', 3, 10)], 'b', false],
    ['a later term counts more than a longer log', [survivor('a', 3, 90), survivor('b', 4, 10)], 'b', false],
    ['another digest', [survivor('a', 3, 9), survivor('b', 3, 9, { digest: 'e' })], 'a', false],
  ];
  for (const [what, all, best, same] of CASES)
    it(`are compared: ${what}`, () => {
      const comparison = compare(all);
      assert.deepEqual([comparison.best.node, comparison.same], [best, same]);
    });
  it('of different groups or generations are not', () => {
    for (const other of [survivor('b', 3, 9, { clusterId: 'c2' }), survivor('b', 3, 9, { generation: 2 })])
      assert.throws(() => compare([survivor('a', 3, 9), other]), { code: 'CONFLICT' });
  });
});
