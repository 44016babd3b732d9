import assert from 'node:assert/strict';
import { type Asked, direction } from '../../../internal/http/relay/direction.ts';
import { aWait, FakeGroup } from '../../support/fake-group.ts';

const STALE_MS = 4_000;
const LEADER = 'http://10.0.0.1:3000';
const READ: Asked = { local: false, acts: false, hops: 0, stale: false };
const WRITE: Asked = { ...READ, acts: true };
const WAITING = aWait('founding', '2 of 3 founders were heard');

/** What comes of it in short: where the answer comes from, or the status and a part of the message. */
type Row = readonly [title: string, group: () => FakeGroup, asked: Partial<Asked>, read: string, write: string];

const follower = () => new FakeGroup(2).follow(LEADER);
const leaderless = (contactMs: number | undefined) => () => new FakeGroup(2).lose(contactMs);

/** Its tables are not those of the group. */
const UNSOUND = { state: { sound: false, differsSince: 1024, repairing: false, lastRepair: undefined } };

const ROWS: readonly Row[] = [
  ['the leader', () => new FakeGroup(1), {}, 'here', 'here'],
  ['the leader, asked through another', () => new FakeGroup(1), { hops: 1 }, 'here', 'here'],
  ['a follower', follower, {}, `relay ${LEADER}`, `relay ${LEADER}`],
  ['a follower, route of the node itself', follower, { local: true }, 'here', 'here'],
  ['a follower, relayed once', follower, { hops: 1 }, `508 ${LEADER} does`, `508 ${LEADER} does`],
  ['a follower, whatever is known', follower, { stale: true }, 'stale 30.4', `relay ${LEADER}`],
  [
    'a follower before the first word of the leader',
    () => new FakeGroup(2),
    {},
    'stale 30.4',
    '503 10.0.0.1:10008 has not said yet',
  ],
  [
    'a follower with another state, whatever is known',
    () => follower().is(UNSOUND),
    { stale: true },
    `relay ${LEADER}`,
    `relay ${LEADER}`,
  ],
  [
    'a node with another state, leader heard lately',
    () => new FakeGroup(2).lose(100).is(UNSOUND),
    {},
    '503 does not hold what its group does',
    '503 nothing was done',
  ],
  ['no leader, heard lately', leaderless(3_999), {}, 'stale 3999', '503 the last one was heard 3999 ms ago'],
  ['no leader for long', leaderless(4_001), {}, '503 heard 4001 ms ago', '503 nothing was done'],
  ['no leader for long, whatever is known', leaderless(4_001), { stale: true }, 'stale 4001', '503 no leader is known'],
  ['no leader ever', leaderless(undefined), {}, '503 no leader is known;', '503 no leader is known;'],
  ['no leader ever, whatever is known', leaderless(undefined), { stale: true }, 'stale undefined', '503 no leader'],
  ['no leader, route of the node itself', leaderless(undefined), { local: true }, 'here', 'here'],
  ['a leader without its lease', () => new FakeGroup(1).lose(300), {}, 'stale 300', '503 leads and cannot prove it'],
  [
    'a follower that takes itself for the leader',
    () => Object.assign(new FakeGroup(2).follow('HTTP://10.0.0.2:3000'), { url: 'http://10.0.0.2:3000' }),
    {},
    'stale 30.4',
    '503 which is this node',
  ],
  [
    'a node that is not in its group yet',
    () => new FakeGroup(2).lose(undefined).is({ waiting: WAITING }),
    {},
    '503 not in its group yet: 2 of 3 founders were heard',
    '503 nothing was done',
  ],
];

describe('who answers in a group', () => {
  for (const [title, group, asked, read, write] of ROWS)
    it(`${title}: read ${read}, write ${write}`, () => {
      for (const [kind, expected] of [
        [READ, read],
        [WRITE, write],
      ] as const) {
        const [word = '', ...rest] = expected.split(' ');
        const found = direction({ ...kind, ...asked }, group(), STALE_MS);
        switch (found.kind) {
          case 'here':
            assert.equal('here', expected);
            break;
          case 'relay':
            assert.equal(`relay ${found.url}`, expected);
            break;
          case 'stale':
            assert.equal(`stale ${found.contactMs}`, expected);
            break;
          case 'refuse':
            assert.equal(String(found.status), word);
            assert.ok(found.message.includes(rest.join(' ')), found.message);
        }
      }
    });
});
