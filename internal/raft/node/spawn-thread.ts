import { Worker } from 'node:worker_threads';

const OWN = import.meta.url;
const EXTENSION = OWN.slice(OWN.lastIndexOf('.'));
const ENTRY = new URL(`./thread-entry${EXTENSION}`, OWN);

/** Source text cannot be loaded by Node 20 itself, and a thread does not inherit what its process has loaded to read it. */
const FROM_SOURCE = `import('tsx/esm/api').then(({ register }) => { register(); return import('${ENTRY.href}'); })`;

/** The consensus thread, compiled or from source as this file is. */
export function spawnThread(workerData: unknown): Worker {
  return EXTENSION === '.ts' ? new Worker(FROM_SOURCE, { eval: true, workerData }) : new Worker(ENTRY, { workerData });
}
