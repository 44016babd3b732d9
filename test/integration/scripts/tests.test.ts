import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../../support/daemon.ts';

const entry = fileURLToPath(new URL('../../../scripts/tests/main.js', import.meta.url));

/** Leaves a process of its own group running, as a database server is. */
const LEAVES = `
  const child = require('node:child_process').spawn('sleep', ['300'], { stdio: 'ignore', detached: true });
  require('node:fs').writeFileSync(process.env.PIDS + '/' + child.pid, '');
`;

describe('a run of all tests', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'tests-'));
    for (const name of ['pids', 'tmp']) mkdirSync(join(directory, name));
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function begin(files: Readonly<Record<string, string>>, environment: Readonly<Record<string, string>> = {}) {
    const paths = Object.entries(files).map(([name, text]) => {
      const path = join(directory, `${name}.cjs`);
      writeFileSync(path, text);
      return path;
    });
    const own = { PIDS: join(directory, 'pids'), TMPDIR: join(directory, 'tmp'), CI: '', ...environment };
    const child = spawn(process.execPath, [entry, '--alone', ...paths], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...own },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        output += String(chunk);
      });
    const ended = new Promise<{ status: number | null; output: string; last: string }>((resolve) =>
      child.once('close', (status) => resolve({ status, output, last: output.trimEnd().split('\n').at(-1) ?? '' })),
    );
    return { child, ended };
  }
  const pids = () => readdirSync(join(directory, 'pids')).map(Number);
  const clean = () => {
    for (const pid of pids()) assert.ok(gone(pid), `process ${pid} is gone`);
    assert.deepEqual(readdirSync(join(directory, 'tmp')), []);
  };

  it('ends well where nothing fails', async () => {
    const { status, last } = await begin({ a: `it('a', () => {})`, b: `it('b', () => {}); it('later')` }).ended;
    assert.equal(last, '2 passed, 0 failed, 1 skipped');
    assert.equal(status, 0);
    clean();
  });

  it('takes a skipped test for a failure under CI', async () => {
    const { status, last } = await begin({ a: `it('a', () => {}); it('later')` }, { CI: 'true' }).ended;
    assert.equal(last, '1 passed, 1 failed, 1 skipped');
    assert.equal(status, 1);
  });

  const BROKEN: readonly (readonly [what: string, text: string, said: RegExp, failed: number])[] = [
    [
      'a test that fails',
      `it('adds up', () => require('node:assert').equal(1, 2))`,
      /adds up:\s+AssertionError.*1 == 2\s+\+ expected - actual/,
      1,
    ],
    [
      'a hook that fails',
      `before(() => { throw new Error('no bed') }); it('a', () => {})`,
      /"before all" hook.*:\s+Error: no bed/,
      1,
    ],
    ['a promise that nobody waits for', `it('a', (done) => { Promise.reject(new Error('lost')) })`, /lost/, 1],
    ['a file that does not load', `throw new Error('broken file')`, /bad\.cjs: Error: broken file\n +at /, 1],
    ['a process that is killed', `it('falls', () => process.kill(process.pid, 'SIGKILL'))`, /SIGKILL in "falls"/, 1],
    ['a process that ends itself', `it('leaves', () => process.exit(0))`, /status 0 in "leaves"/, 1],
    ['a server that is left running', `it('a', () => {}); it('b', () => { ${LEAVES} })`, /left running: sleep 300/, 1],
  ];
  for (const [what, text, said, failed] of BROKEN)
    it(`tells of ${what}, with its file, and of the others`, async () => {
      const { status, output, last } = await begin({ bad: text, good: `it('is good', () => {})` }).ended;
      const failures = output.slice(output.indexOf('== failures'));
      assert.match(failures, /bad\.cjs/);
      assert.match(failures, said);
      assert.match(last, new RegExp(`^[1-9]\\d* passed, ${failed} failed$`));
      assert.equal(status, 1);
      clean();
    });

  it('keeps the output of a file in one piece, though others run at the same time', async () => {
    const talks = (name: string, other: string) => `
      const { existsSync, writeFileSync } = require('node:fs');
      it('talks', async () => {
        for (let n = 0; n < 3; n += 1) {
          console.log('${name} ' + n);
          writeFileSync(process.env.PIDS + '/${name}' + n, '');
          while (!existsSync(process.env.PIDS + '/${other}' + n)) await new Promise(setImmediate);
        }
      })`;
    const { output, last } = await begin({ one: talks('one', 'two'), two: talks('two', 'one') }).ended;
    assert.equal(last, '2 passed, 0 failed');
    for (const name of ['one', 'two']) assert.match(output, new RegExp(`${name} 0\\n${name} 1\\n${name} 2\\n`));
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    it(`ends all that it started at ${signal}, and says so`, async () => {
      const { child, ended } = begin({
        one: `it('never ends', function (done) { this.timeout(0); ${LEAVES} })`,
        two: `it('never ends either', () => { ${LEAVES} for (;;); })`,
      });
      await until('both run', async () => pids().length === 2);
      child.kill(signal);
      const { status, output, last } = await ended;
      assert.match(output, new RegExp(`${signal} ended the run`));
      assert.equal(last, '0 passed, 1 failed');
      assert.equal(status, 1);
      clean();
    });
});

function gone(pid: number): boolean {
  try {
    return /^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return true;
  }
}
