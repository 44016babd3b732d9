// lane-process.js color|plain FILE...: runs test files as mocha would, and reports to the process that started it; what tests print goes to standard
// output. When it is asked to end, or whoever started it is gone, it ends at once, and with it (by its `exit` handlers) every server
// and daemon that a test has started.

import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { format, inspect } from 'node:util';
import Mocha from 'mocha';
import { type Report, sourceOf } from './report.ts';

const { Base, Spec } = Mocha.reporters;
const { EVENT_TEST_BEGIN, EVENT_HOOK_BEGIN, EVENT_TEST_PASS, EVENT_TEST_PENDING, EVENT_TEST_FAIL } =
  Mocha.Runner.constants;
/** Of `.mocharc.json`. */
interface Settings {
  readonly timeout: number;
  readonly require: readonly string[];
}

/** Clock ticks in a second, by which Linux tells the CPU time of a process to programs. */
const TICKS = 100;

/** The listing alone: failures are printed by whoever gathers them. */
class Listing extends Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const begins = ({ title }: Mocha.Runnable) => tell({ kind: 'begins', title });
    runner.on(EVENT_TEST_BEGIN, begins);
    runner.on(EVENT_HOOK_BEGIN, begins);
    runner.on(EVENT_TEST_PASS, () => tell({ kind: 'passed' }));
    runner.on(EVENT_TEST_PENDING, () => tell({ kind: 'skipped' }));
    runner.on(EVENT_TEST_FAIL, (test: Mocha.Test) =>
      tell({
        kind: 'failed',
        failure: { file: sourceOf(relative(process.cwd(), test.file ?? '')), text: textOf(test) },
      }),
    );
  }

  override epilogue(): void {}
}

function textOf(test: Mocha.Test): string {
  const print = Base.consoleLog;
  let text = '';
  Base.consoleLog = (...words: unknown[]) => {
    text += `${format(...words)}\n`;
  };
  try {
    Base.list([test]);
  } finally {
    Base.consoleLog = print;
  }
  return text.replace(/^\s*1\) /, '');
}

function tell(report: Report): Promise<void> {
  return new Promise((told) => {
    if (process.send === undefined) told();
    else process.send(report, () => told());
  });
}

/** Of this process and of the children that it has waited for (proc(5), fields 14 to 17 of stat), s. */
function cpuSeconds(): number {
  try {
    const stat = readFileSync('/proc/self/stat', 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks), 0) / TICKS;
  } catch {
    const { user, system } = process.cpuUsage(); // not Linux: without the children
    return (user + system) / 1e6;
  }
}

async function run(color: boolean, files: readonly string[]): Promise<void> {
  const { timeout, require } = JSON.parse(readFileSync('.mocharc.json', 'utf8')) as Settings;
  for (const file of require) await import(pathToFileURL(resolve(file)).href);
  const mocha = new Mocha({ timeout, reporter: Listing, color });
  for (const file of files) mocha.addFile(resolve(file));
  try {
    await mocha.loadFilesAsync();
  } catch (err) {
    const text = `${files.length > 1 ? 'one of these does not load, and none was run: ' : ''}${inspect(err)}\n`;
    await tell({ kind: 'failed', failure: { file: files.map(sourceOf).join(', '), text } });
    return;
  }
  await new Promise<void>((ended) => {
    mocha.run(() => ended());
  });
}

process.on('SIGTERM', () => process.exit(143));
process.on('disconnect', () => process.exit(1));
// A promise that nobody waits for is a failure of the test during which it fails.
process.on('unhandledRejection', (reason) => {
  throw reason;
});
const [, , look, ...files] = process.argv;
await run(look === 'color', files);
await tell({ kind: 'done', cpuSeconds: cpuSeconds() });
process.exit(0);
