// Runs on a host of a test network: starts programs there and leads connections in and out of it. What it started ends with it, and it
// ends with whoever started it, so that a test that is killed leaves nothing running.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { HOST_VARIABLE } from './client-of.ts';
import { Relay } from './relay.ts';
import type { Endpoint, Ordered, Reported } from './told.ts';

const [, , host = ''] = process.argv;
const children = new Set<ChildProcess>();
const relays: Relay[] = [];
let cuts: ReadonlySet<string> = new Set();

const report = (reported: Reported) => process.send?.(reported);

function run(id: number, file: string, args: readonly string[], log: string): void {
  const output = openSync(log, 'a');
  const env = { ...process.env, [HOST_VARIABLE]: host };
  const child = spawn(file, args, { stdio: ['ignore', output, output], env });
  closeSync(output);
  children.add(child);
  child.once('error', (err) => report({ kind: 'failed', id, message: err.message }));
  child.once('spawn', () => report({ kind: 'done', id, pid: child.pid! }));
  child.once('exit', (code, signal) => {
    children.delete(child);
    report({ kind: 'ended', pid: child.pid!, how: signal ?? String(code) });
  });
}

async function lead(id: number, order: Extract<Ordered, { kind: 'relay' }>): Promise<void> {
  const relay = new Relay(order.from, order.to, order.self, order.target);
  relay.cut(cuts);
  relays.push(relay);
  try {
    await relay.listen();
    report({ kind: 'done', id, pid: 0 });
  } catch (err) {
    report({ kind: 'failed', id, message: `${describe(order.from)}: ${String(err)}` });
  }
}

const describe = (endpoint: Endpoint) => ('path' in endpoint ? endpoint.path : `${endpoint.host}:${endpoint.port}`);

process.on('message', (ordered: Ordered) => {
  if (ordered.kind === 'run') run(ordered.id, ordered.file, ordered.args, ordered.log);
  else if (ordered.kind === 'relay') void lead(ordered.id, ordered);
  else {
    cuts = new Set(ordered.links);
    for (const relay of relays) relay.cut(cuts);
    report({ kind: 'done', id: ordered.id, pid: 0 });
  }
});

process.on('disconnect', () => {
  for (const child of children) child.kill('SIGKILL');
  process.exit();
});
// Ctrl-C at a terminal reaches the whole group of processes: whoever runs the test ends things in their order.
process.on('SIGINT', () => undefined);
