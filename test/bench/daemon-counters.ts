import type { Daemon } from '../support/daemon.ts';

/** What the daemon tells about itself under `/metrics`. */
export interface Counters {
  readonly probes: number;
  readonly failedProbes: number;
  readonly cpuSeconds: number;
  readonly residentMiB: number;
  /** Longest of the recent waits of its event loop, 99th percentile. */
  readonly loopLagP99Ms: number;
}

export async function countersOf(daemon: Daemon): Promise<Counters> {
  const text = await (await fetch(`${daemon.url}/metrics`)).text();
  const value = (name: string) => {
    const row = text.split('\n').find((one) => one.startsWith(`${name} `));
    return Number(row?.slice(name.length + 1) ?? 0);
  };
  return {
    probes: value('orchestrator_probes_total{outcome="success"}'),
    failedProbes: value('orchestrator_probes_total{outcome="failure"}'),
    cpuSeconds: value('orchestrator_process_cpu_seconds_total'),
    residentMiB: value('orchestrator_process_resident_memory_bytes') / 1024 ** 2,
    loopLagP99Ms: value('orchestrator_nodejs_eventloop_lag_p99_seconds') * 1000,
  };
}
