import assert from 'node:assert/strict';
import { type LogRecord, readableLine } from '../../../internal/runtime/readable-line.ts';

const at = new Date(2026, 0, 5, 7, 8, 9); // local, as the line shows it
const record = { atMs: at.getTime(), level: 'WARNING', text: 'replica is lagging' } as const;

describe('a log record as a line for people', () => {
  const cases: readonly [title: string, given: Partial<LogRecord>, line: string][] = [
    ['time, level, text', {}, '2026-01-05 07:08:09 WARNING replica is lagging'],
    [
      'fields behind it, in their order',
      { fields: { instance: 'db1:3306', lagSeconds: 12, at: undefined } },
      '2026-01-05 07:08:09 WARNING replica is lagging instance=db1:3306 lagSeconds=12',
    ],
    [
      'what is no single word as JSON',
      { fields: { why: 'a b', empty: '', list: ['x', 1], quoted: '"' } },
      '2026-01-05 07:08:09 WARNING replica is lagging why="a b" empty="" list=["x",1] quoted="\\""',
    ],
    ['the reason behind a colon', { reason: 'refused' }, '2026-01-05 07:08:09 WARNING replica is lagging: refused'],
    [
      'one line, whatever a server says',
      { text: 'a\r\n  b', reason: '\x1b[2Jc\n', fields: { d: 'e\nf', g: '\x07' } },
      '2026-01-05 07:08:09 WARNING a b: \\u001b[2Jc  d="e\\nf" g=\\u0007',
    ],
  ];
  for (const [title, given, line] of cases) it(title, () => assert.equal(readableLine({ ...record, ...given }), line));

  it('paints time, level and fields where colours are wanted', () => {
    assert.equal(
      readableLine({ ...record, level: 'ERROR', fields: { a: 1 } }, true),
      '\x1b[2m2026-01-05 07:08:09\x1b[0m \x1b[31mERROR\x1b[0m replica is lagging\x1b[2m a=1\x1b[0m',
    );
  });
});
