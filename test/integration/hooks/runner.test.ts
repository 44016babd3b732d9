import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { HookRunner } from '../../../internal/hooks/runner.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { until } from '../../support/daemon.ts';
import { collectGarbage } from '../../support/garbage.ts';
import { aHookContext } from '../../support/hook-context.ts';

const CONTEXT = aHookContext();

interface Ran {
  readonly ok: boolean;
  /** Without the durations. */
  readonly notes: readonly string[];
}

async function run(
  commands: readonly string[],
  { timeoutMs = 10_000, shellCommand = 'bash', stopOnFailure = false, context = CONTEXT } = {},
): Promise<Ran> {
  const notes: string[] = [];
  const runner = new HookRunner({ shellCommand, timeoutMs, clock: systemClock, log: silentLog });
  const list = { name: 'PreFailoverProcesses', commands, stopOnFailure };
  const ok = await runner.run(list, context, (message) => notes.push(message));
  return { ok, notes: notes.map((note) => note.replace(/after \d+ ms/, 'after N ms')) };
}

describe('a list of hooks of a node that is deposed', () => {
  it('ends where that is found out, before the next one is run', async () => {
    const runner = new HookRunner({ shellCommand: 'bash', timeoutMs: 10_000, clock: systemClock, log: silentLog });
    const notes: string[] = [];
    let asked = 0;
    const confirm = async () => {
      asked += 1;
      if (asked > 1) throw new Error('deposed');
    };
    const list = { name: 'PostFailoverProcesses', commands: ['echo one', 'echo two'], stopOnFailure: false };
    await assert.rejects(
      runner.run(list, CONTEXT, (message) => notes.push(message), confirm),
      /deposed/,
    );
    assert.deepEqual(
      notes.filter((note) => note.includes('running')),
      ['PostFailoverProcesses: running echo one'],
    );
  });
});

describe('a hook', () => {
  const cases: readonly (readonly [
    title: string,
    command: string,
    last: string | RegExp,
    more?: Parameters<typeof run>[1],
  ])[] = [
    ['that works', 'true', 'true: done after N ms'],
    ['that says something', 'echo moved >&2', 'echo moved >&2: done after N ms: moved'],
    ['that reads its input', 'cat', `cat: done after N ms: ${JSON.stringify(CONTEXT)}`],
    ['that leaves its input unread', 'exec <&-; true', 'exec <&-; true: done after N ms'],
    ['that fails', 'echo no; exit 3', 'echo no; exit 3: failed with status 3 after N ms: no'],
    ['that is killed', 'kill -9 $$', 'kill -9 $$: failed with SIGKILL after N ms'],
    ['that is not there', '/no/such', /^\/no\/such: failed with status 127 after N ms: .*No such file or directory$/],
    ['that may not be run', '/etc/passwd', /^\/etc\/passwd: failed with status 126 after N ms: .*Permission denied$/],
    ['that is no shell script', 'if', /^if: failed with status 2 after N ms: .*syntax error/],
    ['that is empty', '  ', ': done after N ms'],
    ['with a NUL character', 'a\0b', /^a\0b: cannot start bash: .*null bytes/],
    [
      'whose shell is not there',
      'true',
      'true: cannot start /no/shell: spawn /no/shell ENOENT after N ms',
      { shellCommand: '/no/shell' },
    ],
    [
      'that hangs',
      'echo begun; sleep 60',
      'echo begun; sleep 60: not done within 3000 ms: ended after N ms: begun',
      { timeoutMs: 3_000 },
    ],
    [
      'that ignores being asked to end',
      "trap '' TERM INT; sleep 60",
      "trap '' TERM INT; sleep 60: not done within 1500 ms: ended after N ms",
      { timeoutMs: 1_500 },
    ],
    ['that leaves something behind', 'sleep 2 & echo gone', 'sleep 2 & echo gone: done after N ms: gone'],
    ['that speaks no UTF-8', String.raw`printf 'a\377b'`, "printf 'a\\377b': done after N ms: a\u{fffd}b"],
  ];
  for (const [title, command, last, more] of cases) {
    it(title, async () => {
      const { ok, notes } = await run([command], more);
      const [first, second = ''] = notes.map((note) => note.replace(/^PreFailoverProcesses: /, ''));
      assert.equal(first, `running ${command.trim()}`);
      if (typeof last === 'string') assert.equal(second, last);
      else assert.match(second, last);
      assert.deepEqual([ok, notes.length], [second.includes(': done after'), 2]);
    });
  }

  it('that says more than is kept leaves none of that in memory', async () => {
    collectGarbage();
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const looking = setInterval(() => {
      collectGarbage();
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }, 100);
    const { ok } = await run(['head -c 100000000 /dev/zero; sleep 0.3']).finally(() => clearInterval(looking));
    // the garbage collector lets go of dead ones from 32 MB on, in the background
    assert.deepEqual([ok, most < 70_000_000], [true, true], `${most} bytes`);
  });

  it('that never stops talking has the beginning kept, and is ended in time', async () => {
    const { ok, notes } = await run(['yes'], { timeoutMs: 1_500 });
    assert.equal(ok, false);
    assert.ok((notes.at(-1)?.length ?? 0) < 70_000);
  });

  it('cannot be started where the daemon may open no more files, in the background neither, and that is told', () => {
    const script = `const [{ HookRunner }, { systemClock }, { openSync }] = await Promise.all([
        import(process.env.RUNNER), import(process.env.CLOCK), import('node:fs')]);
      const log = { warn: () => undefined };
      const runner = new HookRunner({ shellCommand: 'bash', timeoutMs: 10_000, clock: systemClock, log });
      console.log(''); // opens its output
      try { for (;;) openSync('/dev/null'); } catch {}
      const list = { name: 'L', commands: ['true', 'true &'], stopOnFailure: false };
      await runner.run(list, JSON.parse(process.env.CONTEXT), (note) => console.log(note));`;
    const place = (name: string) => fileURLToPath(new URL(`../../../internal/${name}`, import.meta.url));
    const env = {
      ...process.env,
      ...{ RUNNER: place('hooks/runner.js'), CLOCK: place('runtime/clock.js'), CONTEXT: JSON.stringify(CONTEXT) },
    };
    const node = [process.execPath, '--input-type=module', '-e', script];
    const { status, stdout, stderr } = spawnSync('bash', ['-c', 'ulimit -n 64; exec "$@"', 'bash', ...node], {
      ...{ env, encoding: 'utf8', timeout: 30_000 },
    });
    assert.equal(status, 0, stderr);
    assert.equal(stdout.match(/cannot start bash: spawn bash EMFILE/g)?.length, 2, stdout);
  });

  it('whose values hold a NUL character fails alone', async () => {
    const context = aHookContext({ clusterAlias: 'a\0b' });
    const { ok, notes } = await run(['true', 'true'], { context });
    assert.deepEqual([ok, notes.filter((note) => note.includes('cannot start bash')).length], [false, 2]);
  });

  it('that fails keeps the next ones from running where it may stop a recovery, and only there', async () => {
    const ran = ({ notes }: Ran) => notes.filter((note) => note.includes('running')).length;
    assert.equal(ran(await run(['exit 1', 'true'], { stopOnFailure: true })), 1);
    assert.equal(ran(await run(['exit 1', 'true'])), 2);
  });

  it('in the background is not waited for, cannot stop anything, and is told of when it ends', async () => {
    const notes: string[] = [];
    const runner = new HookRunner({ shellCommand: 'bash', timeoutMs: 10_000, clock: systemClock, log: silentLog });
    const list = { name: 'PreFailoverProcesses', commands: ['read -r < /dev/null; exit 4 &'], stopOnFailure: true };
    assert.equal(await runner.run(list, CONTEXT, (message) => notes.push(message)), true);
    const last = 'PreFailoverProcesses: read -r < /dev/null; exit 4: failed with status 4 in the background';
    await until('it is told of', async () => notes.at(-1) === last);
  });
});
