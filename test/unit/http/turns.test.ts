import assert from 'node:assert/strict';
import { encodeJson } from '../../../internal/http/json.ts';
import { Listing } from '../../../internal/http/listing.ts';
import { Turns } from '../../../internal/http/turns.ts';

describe('long answers', () => {
  it('get one slice of all of them in each turn of the event loop, in the order in which they asked', async () => {
    const turns = new Turns();
    const seen: string[] = [];
    let over = false;
    const mark = () => {
      seen.push('|');
      if (!over) setImmediate(mark);
    };
    const answer = async (name: string) => {
      for (let slice = 1; slice <= 3; slice += 1) {
        await turns.next();
        seen.push(`${name}${slice}`);
      }
    };
    const answers = ['a', 'b', 'c'].map(answer);
    setImmediate(mark);
    await Promise.all(answers);
    over = true;
    const byTurn = seen
      .join(' ')
      .split('|')
      .map((turn) => turn.trim());
    assert.deepEqual(
      byTurn.filter((turn) => turn !== ''),
      ['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'b3', 'c3'],
    );
  });

  const LISTS: readonly (readonly [what: string, items: readonly unknown[]])[] = [
    ['nothing', []],
    ['one', [{ a: '<ü>' }]],
    ['several', [1, 'two', { three: ['€'] }, null, '\u2028']],
    ['those that are left out at either end', [undefined, 1, undefined, 2, undefined]],
    ['none that is let in', [undefined, undefined]],
    ['more than a block holds', Array.from({ length: 40 }, (_, n) => `${n}${'€'.repeat(9_000)}`)],
    ['an entry larger than a block', ['x', '€'.repeat(300_000), 'y']],
  ];
  for (const [slicing, stepMs] of [
    ['in one slice', 0],
    ['a slice for each entry', 10],
  ] as const)
    for (const [what, items] of LISTS)
      it(`have the bytes of a list: ${what}, ${slicing}`, async () => {
        let nowMs = 0;
        const clock = {
          monotonicMs: () => {
            nowMs += stepMs;
            return nowMs;
          },
        };
        const blocks = await new Listing(
          () => items,
          (item, json) => {
            if (item === undefined) return false;
            json.text(encodeJson(item));
            return true;
          },
        ).encode(clock, new Turns());
        const expected = JSON.stringify(items.filter((item) => item !== undefined))
          .replaceAll('<', '\\u003c')
          .replaceAll('>', '\\u003e')
          .replaceAll('\u2028', '\\u2028');
        assert.equal(Buffer.concat(blocks).toString(), expected);
      });
});
