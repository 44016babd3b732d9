import { memoryUsage, uptime } from 'node:process';
import { VERSION } from '../runtime/version.ts';

/** What a process says of itself. Its arguments are left out: nobody knows what stands there. */
export function processVariables() {
  const { rss, heapTotal, heapUsed, external, arrayBuffers } = memoryUsage();
  return {
    version: VERSION,
    uptime: uptime(),
    memstats: { Sys: rss, HeapSys: heapTotal, HeapAlloc: heapUsed, External: external, Buffers: arrayBuffers },
  };
}
