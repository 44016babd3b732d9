import assert from 'node:assert/strict';
import { type Cost, next, type Portion, portions } from '../../../scripts/tests/plan.ts';
import { lastLine, NOTHING, type Tally } from '../../../scripts/tests/report.ts';

const compiled = (file: string) => `dist/test/${file}.test.js`;
const costs = new Map<string, Cost>([
  ['test/e2e/long.test.ts', { seconds: 90, cpuSeconds: 30 }],
  ['test/e2e/short.test.ts', { seconds: 2, cpuSeconds: 1 }],
  ['test/sim/busy.test.ts', { seconds: 40, cpuSeconds: 40 }],
  ...['a', 'b', 'c'].map((name) => [`test/unit/room/${name}.test.ts`, { seconds: 2.5, cpuSeconds: 1 }] as const),
]);

describe('test files in portions', () => {
  it('are alone where they take long, share a process with their suite otherwise, and begin with the longest', () => {
    const files = [
      'unit/room/c',
      'e2e/short',
      'unit/room/a',
      'sim/busy',
      'e2e/long',
      'unit/room/b',
      'unit/new',
      'e2e/new',
    ];
    assert.deepEqual(
      portions(files.map(compiled), costs).map((portion) => portion.files),
      [
        ['e2e/long'],
        ['sim/busy'],
        ['e2e/new'],
        ['unit/new', 'unit/room/a', 'unit/room/b', 'unit/room/c'],
        ['e2e/short'],
      ].map((names) => names.map(compiled)),
    );
  });

  it('are each in one of them, and no shared one is long', () => {
    const files = Array.from({ length: 100 }, (_, at) => compiled(`integration/room/t${at}`));
    const known = new Map(
      files.map((_, at) => [`test/integration/room/t${at}.test.ts`, { seconds: 2, cpuSeconds: 1 }]),
    );
    const planned = portions(files, known);
    assert.deepEqual(planned.flatMap((portion) => portion.files).toSorted(), files.toSorted());
    assert.ok(
      planned.every(({ seconds }) => seconds <= 25),
      'at most 25 s each',
    );
    assert.ok(planned.length <= 9, `${planned.length} processes`);
  });
});

describe('the next portion', () => {
  const portion = (name: string, seconds: number, cores: number): Portion => ({
    name,
    files: [name],
    seconds,
    cpuSeconds: seconds * cores,
  });
  const [long, busy, light] = [portion('long', 90, 1.2), portion('busy', 40, 1), portion('light', 20, 0.3)];
  const cases: readonly (readonly [string, Portion | undefined, Portion[], Portion[]])[] = [
    ['is the longest at first', long, [long, busy, light], []],
    ['is the longest of those that there are cores for', light, [busy, light], [long]],
    ['waits where there are none', undefined, [busy], [long]],
    ['waits where all lanes are taken', undefined, [light], [light, light, light]],
    ['may need more cores than there are, when nothing else runs', long, [long], []],
    ['is none at the end', undefined, [], []],
  ];
  for (const [title, expected, waiting, running] of cases)
    it(title, () => assert.equal(next(waiting, running, { lanes: 3, cores: 2 }), expected));
});

describe('the last line', () => {
  const failure = { file: 'test/a.test.ts', text: 'a' };
  const cases: readonly (readonly [Partial<Tally>, boolean, string, number])[] = [
    [{ passed: 3 }, false, '3 passed, 0 failed', 0],
    [{ passed: 3, failures: [failure] }, false, '3 passed, 1 failed', 1],
    [{ passed: 3, skipped: 2 }, false, '3 passed, 0 failed, 2 skipped', 0],
    [{ passed: 3, skipped: 2 }, true, '3 passed, 2 failed, 2 skipped', 2],
    [{}, false, '0 passed, 1 failed', 1],
  ];
  for (const [tally, ci, line, failed] of cases)
    it(`is "${line}"${ci ? ' under CI' : ''}`, () =>
      assert.deepEqual(lastLine({ ...NOTHING, ...tally }, ci), { line, failed }));
});
