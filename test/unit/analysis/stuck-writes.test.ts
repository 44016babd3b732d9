import assert from 'node:assert/strict';
import { StuckWrites } from '../../../internal/analysis/stuck-writes.ts';

const key = { hostname: 'a', port: 3306 };
const at = (position: number) => ({ file: 'binlog.000001', position });

describe('StuckWrites', () => {
  for (const [title, looks, stuck] of [
    [
      'a primary that writes nothing for longer',
      [
        [true, 4, 0],
        [true, 4, 11],
      ],
      true,
    ],
    [
      'not yet for long enough',
      [
        [true, 4, 0],
        [true, 4, 10],
      ],
      false,
    ],
    [
      'a primary that wrote meanwhile',
      [
        [true, 4, 0],
        [true, 5, 9],
        [true, 5, 11],
      ],
      false,
    ],
    [
      'a primary that had its replicas back meanwhile',
      [
        [true, 4, 0],
        [false, 4, 5],
        [true, 4, 11],
      ],
      false,
    ],
  ] as const) {
    it(`${stuck ? 'takes' : 'does not take'} for stuck: ${title}`, () => {
      const writes = new StuckWrites();
      for (const [waiting, position, nowMs] of looks) writes.look(key, waiting, at(position), nowMs);
      const [, , lastMs] = looks.at(-1) ?? [true, 0, 0];
      assert.equal(writes.isStuck(key, lastMs, 10), stuck);
    });
  }
});
