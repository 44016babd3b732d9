// A program that tells what its clocks say, every 20 ms, in a line of JSON: both clocks of the main thread and of another one.

import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const now = () => ({ wallMs: Date.now(), monotonicMs: Number(process.hrtime.bigint() / 1_000_000n) });

if (isMainThread) {
  const other = new Worker(new URL(import.meta.url));
  other.on('message', (there: ReturnType<typeof now>) => console.log(JSON.stringify({ here: now(), there })));
} else {
  setInterval(() => parentPort?.postMessage(now()), 20);
}
