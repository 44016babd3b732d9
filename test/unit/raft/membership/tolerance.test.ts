import assert from 'node:assert/strict';
import type { Level } from '../../../../internal/raft/core/places.ts';
import { type Configuration, NO_CONFIGURATION } from '../../../../internal/raft/core/types.ts';
import { toleranceOf } from '../../../../internal/raft/membership/tolerance.ts';

/** `a:Region.DataCenter.Zone@host`, each part as far as it is known; one that is silent stands behind `!`. */
function group(text: string): { readonly configuration: Configuration; readonly answers: ReadonlySet<string> } {
  const words = text.split(' ');
  const members = words.map((word) => {
    const [, id = '', places = '', host = id] = /^!?(\w+):?([\w.]*)@?(\w+)?$/.exec(word) ?? [];
    const [Region, DataCenter, Zone] = places.split('.');
    const labels = { ...(Region && { Region }), ...(DataCenter && { DataCenter }), ...(Zone && { Zone }) };
    return { id, node: id, incarnation: '1', address: `${host}:10008`, labels, promote: true };
  });
  const ids = members.map(({ id }) => id);
  const answers = new Set(ids.filter((_, at) => !words[at]?.startsWith('!')));
  return { configuration: { ...NO_CONFIGURATION, members, voters: ids }, answers };
}

const ROWS: readonly (readonly [
  what: string,
  members: string,
  voters: number,
  places: Partial<Record<Level, number>>,
  smallest: number,
  warnings?: readonly RegExp[],
])[] = [
  ['one node', 'a', 0, { Host: 0 }, 0],
  ['two', 'a b', 0, { Host: 0 }, 0],
  ['three', 'a b c', 1, { Host: 1 }, 1],
  ['five', 'a b c d e', 2, { Host: 2 }, 2],
  ['three, one silent', 'a b !c', 0, { Host: 0 }, 0],
  ['three, two silent', 'a !b !c', -1, { Host: -1 }, -1],
  ['three on one host', 'a@h b@h c@h', 1, { Host: 0 }, 0, [/^3 of 3 voters are in Host h: /]],
  ['three, two of them on one host', 'a@h b@h c', 1, { Host: 0 }, 0, [/^2 of 3 voters are in Host h: /]],
  ['one in each of three zones', 'a:..x b:..y c:..z', 1, { Zone: 1, Host: 1 }, 1],
  ['2 + 2 + 1', 'a:.x b:.x c:.y d:.y e:.z', 2, { DataCenter: 1, Host: 2 }, 1],
  ['2 + 2 + 1, the small one is gone', 'a:.x b:.x c:.y d:.y !e:.z', 1, { DataCenter: 0, Host: 1 }, 0],
  ['two sites', 'a:.x b:.x c:.y', 1, { DataCenter: 0, Host: 1 }, 0, [/^2 of 3 voters are in DataCenter x: /]],
  ['all in one zone', 'a:..x b:..x c:..x', 1, { Host: 1 }, 1, [/^3 of 3 voters are in Zone x: /]],
  ['nobody knows where one is', 'a:..x b:..x c', 1, { Host: 1 }, 1],
  ['zones of one name in two regions', 'a:r..x b:s..x c:s..y', 1, { Region: 0, Zone: 1, Host: 1 }, 0, [/in Region s/]],
];

describe('what a group tolerates', () => {
  for (const [what, members, voters, places, smallest, warnings = []] of ROWS)
    it(what, () => {
      const { configuration, answers } = group(members);
      const tolerance = toleranceOf(configuration, answers);
      assert.deepEqual(
        { voters: tolerance.voters, places: tolerance.places, smallest: tolerance.smallest },
        { voters, places, smallest },
      );
      assert.equal(tolerance.warnings.length, warnings.length, tolerance.warnings.join());
      for (const [at, warning] of warnings.entries()) assert.match(tolerance.warnings[at] ?? '', warning);
    });

  it('is that of the worse half while voters are exchanged', () => {
    const { configuration, answers } = group('a b c d !e');
    const joint = { ...configuration, voters: ['a', 'b', 'c'], outgoing: ['c', 'd', 'e'] };
    assert.deepEqual(toleranceOf(joint, answers), { voters: 0, places: { Host: 0 }, smallest: 0, warnings: [] });
  });
});
