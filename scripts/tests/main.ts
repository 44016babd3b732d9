// node dist/scripts/tests/main.js [--lanes N] [--alone] [--record] FILE...: runs compiled test files in several processes at once and prints them
// as one run, each portion in one piece when it has ended, every failure once more at the end; the last line is
// `N passed, N failed` (and `, N skipped`). Status 0 when nothing failed. SIGINT and SIGTERM end everything that runs.
// --alone gives each file a process of its own. --record does that and writes what each file took to scripts/tests/costs.json, by which later runs plan. Leaves nothing else behind.

import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Lane, type Ran } from './lane.ts';
import { type Cost, costOf, next, type Portion, portions } from './plan.ts';
import { added, lastLine, NOTHING, sourceOf, type Tally } from './report.ts';

const COSTS = 'scripts/tests/costs.json';
const TELL_EVERY_MS = 60_000;
const SLOWEST = 10;
const NOTED_SECONDS = 1.2;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    lanes: { type: 'string' },
    alone: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
  },
});
const costs = new Map(Object.entries(JSON.parse(readFileSync(COSTS, 'utf8')) as Record<string, Cost>));
const cpus = availableParallelism();
/** Costs are averages, with gaps between: a little more than the cores have time for fills them. */
const room = { lanes: Number(values.lanes ?? Math.ceil(1.5 * cpus)), cores: 1.1 * cpus };
const directory = mkdtempSync(join(tmpdir(), 'tests-'));
chmodSync(directory, 0o755); // some tests run programs as another user
const color = process.stdout.isTTY === true || (process.env.FORCE_COLOR ?? '0') !== '0';
const startedMs = Date.now();
const waiting = [...(values.alone || values.record ? positionals.map(alone) : portions(positionals, costs))];
const all = waiting.length;
const running = new Set<Lane>();
const done: Ran[] = [];
let tally: Tally = NOTHING;
let stopped: NodeJS.Signals | undefined;

function alone(file: string): Portion {
  return { name: file, files: [file], ...costOf(sourceOf(file), costs) };
}

const clock = (ms: number) => `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1_000) % 60).padStart(2, '0')}`;

function start(portion: Portion): void {
  waiting.splice(waiting.indexOf(portion), 1);
  const taken = new Set([...running].map(({ slot }) => slot));
  let slot = 0;
  while (taken.has(slot)) slot += 1;
  const lane = new Lane(portion, { slot, directory: join(directory, String(all - waiting.length)), color });
  running.add(lane);
  void lane.ended().then((ran) => {
    running.delete(lane);
    show(ran);
    feed();
  });
}

function feed(): void {
  while (stopped === undefined) {
    const portion = next(
      waiting,
      [...running].map((lane) => lane.portion),
      room,
    );
    if (portion === undefined) break;
    start(portion);
  }
  if (running.size === 0) end();
}

function show(ran: Ran): void {
  done.push(ran);
  tally = added(tally, ran.tally);
  const { portion, output, seconds } = ran;
  const { passed, skipped, failures } = ran.tally;
  const what = portion.files.length === 1 ? sourceOf(portion.name) : `${portion.files.length} files of ${portion.name}`;
  const counts = [`${passed} passed`, `${failures.length} failed`, ...(skipped > 0 ? [`${skipped} skipped`] : [])];
  const at = `${done.length} of ${all}, ${clock(Date.now() - startedMs)}`;
  console.log(`== [${at}] ${what}: ${counts.join(', ')} in ${seconds.toFixed(0)} s`);
  console.log(output.trimEnd());
  for (const { file, text } of failures) console.log(`\nFAILED ${file}: ${text.trimEnd()}`);
  console.log();
}

const telling = setInterval(() => {
  const names = [...running].map(({ portion, title, startedMs: since }) => {
    const [seconds, cut] = [Math.round((Date.now() - since) / 1_000), title.slice(0, 60)];
    return `   ${sourceOf(portion.name)} for ${seconds} s: ${cut}`;
  });
  console.log(`.. ${clock(Date.now() - startedMs)}, ${done.length} of ${all} done, running:\n${names.join('\n')}`);
}, TELL_EVERY_MS);

function end(): void {
  clearInterval(telling);
  rmSync(directory, { recursive: true, force: true });
  const slowest = done.toSorted((one, other) => other.seconds - one.seconds).slice(0, SLOWEST);
  console.log(`== slowest, of ${clock(Date.now() - startedMs)} in all`);
  for (const { portion, seconds, cpuSeconds = 0 } of slowest)
    console.log(
      `${seconds.toFixed(0).padStart(5)} s, ${cpuSeconds.toFixed(0).padStart(4)} s of CPU  ${sourceOf(portion.name)}`,
    );
  if (values.record) record();
  if (stopped !== undefined) {
    const text = `${stopped} ended the run with ${waiting.length} of ${all} portions not begun\n`;
    tally = added(tally, { ...NOTHING, failures: [{ file: 'the run itself', text }] });
  }
  if (tally.failures.length > 0) console.log('\n== failures');
  for (const { file, text } of tally.failures) console.log(`\n${file}: ${text.trimEnd()}`);
  const ci = process.env.CI === 'true';
  if (ci && tally.skipped > 0) console.log(`${tally.skipped} skipped, which counts as failed here`);
  const { line, failed } = lastLine(tally, ci);
  console.log(`\n${line}`);
  process.exit(failed === 0 ? 0 : 1);
}

/** Files that failed keep what was known of them; of those that take no time there is nothing to note. */
function record(): void {
  const rounded = (value: number) => Math.round(value * 10) / 10;
  for (const { portion, seconds, cpuSeconds, tally: of } of done) {
    if (cpuSeconds === undefined || of.failures.length > 0) continue;
    if (seconds < NOTED_SECONDS) costs.delete(sourceOf(portion.name));
    else costs.set(sourceOf(portion.name), { seconds: rounded(seconds), cpuSeconds: rounded(cpuSeconds) });
  }
  const rows = [...costs].toSorted(([one], [other]) => (one < other ? -1 : 1));
  const texts = rows.map(
    ([file, { seconds, cpuSeconds }]) => `  "${file}": { "seconds": ${seconds}, "cpuSeconds": ${cpuSeconds} }`,
  );
  writeFileSync(COSTS, `{\n${texts.join(',\n')}\n}\n`);
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    stopped ??= signal;
    for (const lane of running) lane.stop();
  });
if (waiting.length > 0) console.log(`${positionals.length} test files, at most ${room.lanes} at once`);
feed();
