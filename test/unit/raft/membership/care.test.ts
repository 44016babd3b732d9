import assert from 'node:assert/strict';
import {
  type CareSettings,
  type Contact,
  DEFAULT_CARE,
  whoIsGone,
  whoIsPreferred,
} from '../../../../internal/raft/membership/care.ts';

const contact = (id: string, changes: Partial<Contact> = {}): Contact => ({
  ...{ id, voter: true, labels: {}, silentMs: 100, fit: true },
  ...changes,
});
const REAPING: CareSettings = { ...DEFAULT_CARE, reapVoterAfterMs: 600_000, reapLearnerAfterMs: 60_000 };
const gone = (id: string, silentMs: number, changes: Partial<Contact> = {}) => contact(id, { silentMs, ...changes });

/** `voters`: with the leader, who is not among the contacts. */
const GONE: readonly (readonly [
  what: string,
  contacts: readonly Contact[],
  voters: number,
  who: string | undefined,
  settings?: CareSettings,
])[] = [
  ['all are there', [contact('b'), contact('c')], 3, undefined],
  ['one is gone, for long', [gone('b', 600_000), contact('c'), contact('d')], 4, 'b'],
  ['one is gone, not for long enough', [gone('b', 599_999), contact('c'), contact('d')], 4, undefined],
  ['too few voters would be left', [gone('b', 900_000), contact('c')], 3, undefined],
  ['two are gone: the network may be cut', [gone('b', 900_000), gone('c', 3_000), contact('d')], 4, undefined],
  ['a learner is gone', [gone('b', 60_000, { voter: false }), contact('c')], 3, 'b'],
  ['reaping is off', [gone('b', 9e9), contact('c'), contact('d')], 4, undefined, DEFAULT_CARE],
];

const FRA = { DataCenter: 'fra', Rack: '1' };
const BER = { DataCenter: 'ber' };
const PATTERNS = [{ DataCenter: 'fra', Rack: '2' }, { DataCenter: 'fra' }, { DataCenter: 'ber' }];
const PREFERRED: readonly (readonly [
  string,
  typeof FRA | typeof BER | object,
  readonly Contact[],
  string | undefined,
])[] = [
  ['nobody is better', FRA, [contact('b', { labels: BER }), contact('c', { labels: FRA })], undefined],
  ['one is better', BER, [contact('b'), contact('c', { labels: FRA })], 'c'],
  ['the best of all', {}, [contact('b', { labels: BER }), contact('c', { labels: { ...FRA, Rack: '2' } })], 'c'],
  ['the better one is not fit', BER, [contact('c', { labels: FRA, fit: false })], undefined],
  ['the better one does not vote', BER, [contact('c', { labels: FRA, voter: false })], undefined],
  ['any that is wanted is better than one that is not', {}, [contact('b'), contact('c', { labels: BER })], 'c'],
];

describe('the care of a leader', () => {
  for (const [what, contacts, voters, who, settings = REAPING] of GONE)
    it(`lets go of the right one: ${what}`, () => assert.equal(whoIsGone(contacts, voters, settings, 2_000), who));
  for (const [what, own, contacts, who] of PREFERRED)
    it(`gives leadership to the right one: ${what}`, () =>
      assert.equal(whoIsPreferred(own as Record<string, string>, contacts, PATTERNS), who));
});
