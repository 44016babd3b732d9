import assert from 'node:assert/strict';
import {
  atLeast,
  compareMajor,
  majorVersionText,
  parseServerVersion,
} from '../../../internal/topology/server-version.ts';

describe('parseServerVersion', () => {
  const table: readonly [text: string, family: string, major: string, patch: number][] = [
    ['9.7.4-2', 'mysql', '9.7', 4],
    ['8.0.36-0ubuntu0.22.04.1', 'mysql', '8.0', 36],
    ['5.5.5-10.11.19-MariaDB-1:10.11.19+maria~ubu2204', 'mariadb', '10.11', 19],
    ['10.5.8-MariaDB', 'mariadb', '10.5', 8],
    ['5.5.5-m3', 'mysql', '5.5', 5],
    ['', 'mysql', '0.0', 0],
    ['unknown', 'mysql', '0.0', 0],
    ['26.1', 'mysql', '26.1', 0],
  ];
  for (const [text, family, major, patch] of table) {
    it(`reads "${text}"`, () => {
      const version = parseServerVersion(text);
      assert.deepEqual([version.family, majorVersionText(version), version.patch], [family, major, patch]);
    });
  }
  it('compares numbers, not text', () => {
    assert.equal(atLeast(parseServerVersion('8.0.4'), 8, 0, 14), false);
    assert.equal(atLeast(parseServerVersion('8.0.22'), 8, 0, 14), true);
    assert.equal(atLeast(parseServerVersion('26.1.0'), 8, 4), true);
    assert.equal(atLeast(parseServerVersion('8.4.0'), 8, 4), true);
    assert.ok(compareMajor(parseServerVersion('10.6.1-MariaDB'), parseServerVersion('10.11.1-MariaDB')) < 0);
  });
});
