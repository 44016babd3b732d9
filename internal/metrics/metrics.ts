import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** Counters of this node in Prometheus' text form. Units are in the names. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #probes = new Counter({
    name: 'orchestrator_probes_total',
    help: 'Finished probes by outcome',
    labelNames: ['outcome'],
    registers: [this.#registry],
  });
  readonly #latency = new Histogram({
    name: 'orchestrator_probe_duration_seconds',
    help: 'Time from the start of a probe to its answer or its failure',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [this.#registry],
  });
  readonly #queue = new Gauge({
    name: 'orchestrator_probe_queue_length',
    help: 'Servers that are due and wait for a place',
    registers: [this.#registry],
  });
  readonly #instances = new Gauge({
    name: 'orchestrator_instances',
    help: 'Known servers',
    registers: [this.#registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.#registry, prefix: 'orchestrator_' });
  }

  probed(ok: boolean, seconds: number): void {
    this.#probes.inc({ outcome: ok ? 'success' : 'failure' });
    this.#latency.observe(seconds);
  }

  async text(
    now: () => { readonly queue: number; readonly instances: number },
  ): Promise<{ type: string; text: string }> {
    const { queue, instances } = now();
    this.#queue.set(queue);
    this.#instances.set(instances);
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }
}
