import assert from 'node:assert/strict';
import { betterSpread, type Exchange, fillVacancy } from '../../../../internal/raft/core/spread.ts';
import { type Configuration, NO_CONFIGURATION } from '../../../../internal/raft/core/types.ts';

/** `a1@fra/z1`: id, data center, zone; `a1@h1:` is on a host and has no labels. Learners stand behind `+`. */
function group(text: string): Configuration {
  const [voters = '', learners = ''] = text.split('+');
  const member = (word: string) => {
    const [id = '', place = ''] = word.split('@');
    const [DataCenter, Zone] = place.endsWith(':') ? [] : place.split('/');
    const labels = { ...(DataCenter && { DataCenter }), ...(Zone && { Zone }) };
    const host = place.endsWith(':') ? place.slice(0, -1) : id;
    return { id, node: id, incarnation: '1', address: `${host}:10008`, labels, promote: true };
  };
  const words = (part: string) => part.trim().split(/\s+/).filter(Boolean);
  const all = [...words(voters), ...words(learners)].map(member);
  const ids = (part: string) => words(part).map((word) => member(word).id);
  return { ...NO_CONFIGURATION, members: all, voters: ids(voters), learners: ids(learners) };
}

/** In the order in which they got ready. */
const ready = (...ids: readonly string[]) => new Map(ids.map((id, at) => [id, at]));

const VACANCIES: readonly (readonly [
  what: string,
  members: string,
  ready: readonly string[],
  who: string | undefined,
])[] = [
  ['nobody is ready', 'a b + c', [], undefined],
  ['without labels, who has been ready for the longest', 'a b + c d', ['d', 'c'], 'd'],
  ['the zone without votes', 'a@x/1 b@x/2 + c@x/1 d@x/3', ['c', 'd'], 'd'],
  ['the zone with fewer votes', 'a@x/1 b@x/1 c@x/2 + d@x/1 e@x/2', ['d', 'e'], 'e'],
  ['the other data center before the other zone', 'a@x/1 b@x/2 + c@x/3 d@y/1', ['c', 'd'], 'd'],
  ['zones of one name in two data centers are two', 'a@x/1 b@y/2 + c@y/1 d@y/2', ['d', 'c'], 'c'],
  ['another host', 'a@h1: b@h2: + c@h1: d@h3:', ['c', 'd'], 'd'],
  ['the better one is not ready', 'a@x/1 b@x/2 + c@x/1 d@x/3', ['c'], 'c'],
];

const EXCHANGES: readonly (readonly [
  what: string,
  members: string,
  ready: readonly string[],
  exchange: Exchange | undefined,
])[] = [
  ['a minority everywhere', 'a@x/1 b@x/2 c@x/3 + d@x/4', ['d'], undefined],
  ['a majority in one zone', 'a@x/1 b@x/1 c@x/2 + d@x/3', ['d'], { promoted: 'd', demoted: 'b' }],
  ['whoever leads keeps its vote', 'b@x/1 a@x/1 c@x/2 + d@x/3', ['d'], { promoted: 'd', demoted: 'b' }],
  ['nobody is ready elsewhere', 'a@x/1 b@x/1 c@x/2 + d@x/1', ['d'], undefined],
  ['two zones can do no better', 'a@x/1 b@x/1 c@x/2 + d@x/2', ['d'], undefined],
  ['one zone of two has nearly all', 'a@x/1 b@x/1 c@x/1 d@x/1 e@x/2 + f@x/2', ['f'], { promoted: 'f', demoted: 'b' }],
  ['the host that two share', 'a@h1: b@h1: c@h2: + d@h3:', ['d'], { promoted: 'd', demoted: 'b' }],
  ['nobody knows where one is', 'a@x/1 b@x/1 c + d@x/3', ['d'], undefined],
];

describe('the spread of votes', () => {
  for (const [what, members, names, who] of VACANCIES)
    it(`fills a vacancy: ${what}`, () => assert.equal(fillVacancy(group(members), ready(...names)), who));
  for (const [what, members, names, exchange] of EXCHANGES)
    it(`is made better while a leads: ${what}`, () =>
      assert.deepEqual(betterSpread(group(members), ready(...names), 'a'), exchange));

  it('comes to an end, in any group', () => {
    let configuration = group('a@x/1 b@x/1 c@x/1 d@x/1 e@x/1 + f@x/2 g@x/2 h@x/3 i@x/3');
    for (let times = 0; ; times += 1) {
      assert.ok(times <= 3);
      const { voters, learners } = configuration;
      const exchange = betterSpread(configuration, ready(...learners), 'a');
      if (exchange === undefined) break;
      const { promoted, demoted } = exchange;
      configuration = {
        ...configuration,
        voters: [...voters.filter((id) => id !== demoted), promoted],
        learners: [...learners.filter((id) => id !== promoted), demoted],
      };
    }
    const zones = configuration.voters.map((id) => configuration.members.find((one) => one.id === id)?.labels.Zone);
    for (const zone of ['1', '2', '3']) assert.ok(zones.filter((other) => other === zone).length <= 2, zone);
  });
});
