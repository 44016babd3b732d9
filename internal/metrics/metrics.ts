import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { type GroupFigures, GroupMetrics, ProposalMetrics, type ProposalOutcome } from './group-metrics.ts';
import { type StoreFigures, StoreMetrics } from './store-metrics.ts';

/** What is looked at when somebody asks. */
export interface Now {
  readonly queue: number;
  readonly instances: number;
  /** The analysis code of each server that has a problem. */
  readonly problems: readonly string[];
  readonly waitingWrites: number;
  readonly lostWrites: number;
  readonly leads: boolean;
  /** Undefined: this node belongs to no group. */
  readonly group?: GroupFigures | undefined;
  /** Outside, that primaries are published in. */
  readonly stores: readonly StoreFigures[];
}

/** Counters of this node in Prometheus' text form. Units are in the names. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #probes = new Counter({
    name: 'orchestrator_probes_total',
    help: 'Finished probes by outcome',
    labelNames: ['outcome'],
    registers: [this.#registry],
  });
  /** Since the last time somebody asked: counting by labels costs more than the rest of what is done with a probe here. */
  #probed = { success: 0, failure: 0 };
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

  readonly #recoveries = new Counter({
    name: 'orchestrator_recoveries_total',
    help: 'Recoveries that ended, by kind and outcome',
    labelNames: ['kind', 'outcome'],
    registers: [this.#registry],
  });
  readonly #recoveryDuration = new Histogram({
    name: 'orchestrator_recovery_duration_seconds',
    help: 'Time from the start of a recovery to its end',
    labelNames: ['kind'],
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300],
    registers: [this.#registry],
  });
  readonly #stepDuration = new Histogram({
    name: 'orchestrator_recovery_phase_duration_seconds',
    help: 'Time that one step of a recovery took, by the kind of step and its outcome',
    labelNames: ['phase', 'outcome'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    registers: [this.#registry],
  });
  readonly #problems = new Gauge({
    name: 'orchestrator_problems',
    help: 'Servers with a problem now, by analysis code',
    labelNames: ['code'],
    registers: [this.#registry],
  });
  readonly #waiting = new Gauge({
    name: 'orchestrator_backend_waiting_writes',
    help: 'Changes kept in memory until the backend takes them',
    registers: [this.#registry],
  });
  readonly #lost = new Gauge({
    name: 'orchestrator_backend_lost_writes',
    help: 'Changes given up since the start: refused by the backend, or more than memory keeps',
    registers: [this.#registry],
  });
  readonly #leads = new Gauge({
    name: 'orchestrator_leads',
    help: '1: this node watches and recovers; 0: it only answers',
    registers: [this.#registry],
  });
  #group: GroupMetrics | undefined;
  #proposals: ProposalMetrics | undefined;
  #stores: StoreMetrics | undefined;

  constructor() {
    collectDefaultMetrics({ register: this.#registry, prefix: 'orchestrator_' });
  }

  probed(ok: boolean, seconds: number): void {
    this.#probed[ok ? 'success' : 'failure'] += 1;
    this.#latency.observe(seconds);
  }

  recovered(kind: string, outcome: 'success' | 'failure', seconds: number): void {
    this.#recoveries.inc({ kind, outcome });
    this.#recoveryDuration.observe({ kind }, seconds);
  }

  stepped(phase: string, outcome: 'success' | 'failure', seconds: number): void {
    this.#stepDuration.observe({ phase, outcome }, seconds);
  }

  proposed(outcome: ProposalOutcome, ms: number): void {
    this.#proposals ??= new ProposalMetrics(this.#registry);
    this.#proposals.observe(outcome, ms);
  }

  async text(now: () => Now): Promise<{ type: string; text: string }> {
    const { queue, instances, problems, waitingWrites, lostWrites, leads, group, stores } = now();
    for (const outcome of ['success', 'failure'] as const)
      if (this.#probed[outcome] > 0) this.#probes.inc({ outcome }, this.#probed[outcome]);
    this.#probed = { success: 0, failure: 0 };
    this.#queue.set(queue);
    this.#instances.set(instances);
    this.#waiting.set(waitingWrites);
    this.#lost.set(lostWrites);
    this.#leads.set(leads ? 1 : 0);
    if (group !== undefined) {
      this.#group ??= new GroupMetrics(this.#registry);
      this.#group.set(group);
    }
    if (stores.length > 0) {
      this.#stores ??= new StoreMetrics(this.#registry);
      this.#stores.set(stores);
    }
    this.#problems.reset(); // what is over must not be told for ever
    for (const code of problems) this.#problems.inc({ code });
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }
}
