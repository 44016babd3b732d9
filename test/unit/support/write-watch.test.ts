import assert from 'node:assert/strict';
import { splitBrains, type WritableSpan } from '../../support/write-watch.ts';

const span = (server: string, fromMs: number, toMs: number, returned = false): WritableSpan => ({
  server,
  fromMs,
  toMs,
  returned,
});

describe('the watch for two servers that take writes', () => {
  const cases: readonly (readonly [string, readonly WritableSpan[], number])[] = [
    ['one after the other', [span('a', 0, 100), span('b', 100, 200)], 0],
    ['one server, twice', [span('a', 0, 100), span('a', 50, 200)], 0],
    ['two at once', [span('a', 0, 100), span('b', 99, 200)], 1],
    ['one within the other', [span('a', 0, 100), span('b', 40, 50)], 1],
    ['three at once', [span('a', 0, 100), span('b', 40, 50), span('c', 45, 46)], 3],
    ['one that came back, until it is fenced', [span('a', 0, 10_000), span('b', 1_000, 2_000, true)], 0],
    ['one that came back and is not fenced', [span('a', 0, 10_000), span('b', 1_000, 9_000, true)], 1],
  ];
  for (const [title, spans, found] of cases) {
    it(`tells ${found} cases for ${title}`, () => assert.equal(splitBrains(spans).length, found));
  }
});
