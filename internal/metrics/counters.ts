// Counters under the names that dashboards of the established product know; numbers since the start, or as of now.

const RECOVERED = [
  'dead_master',
  'dead_intermediate_master',
  'dead_co_master',
  'dead_replication_group_member',
] as const;
const COUNTED_AS: ReadonlyMap<string, (typeof RECOVERED)[number]> = new Map([
  ['primary', 'dead_master'],
  ['coPrimary', 'dead_co_master'],
  ['intermediatePrimary', 'dead_intermediate_master'],
  ['groupMember', 'dead_replication_group_member'],
]);
const OUTCOMES = ['start', 'success', 'fail'] as const;

type RecoveryCounter = `recover.${(typeof RECOVERED)[number]}.${(typeof OUTCOMES)[number]}`;

/** Counted as things happen. */
export type Counted =
  | 'audit.write'
  | 'discoveries.attempt'
  | 'discoveries.fail'
  | 'instance.read_topology'
  | 'instance.write'
  | RecoveryCounter;

/** Looked at when somebody asks. */
export type Gauged =
  | 'discoveries.dead_instances'
  | 'discoveries.dead_instances_queue_length'
  | 'discoveries.queue_length'
  | 'discoveries.recent_count'
  | 'elect.is_elected'
  | 'health.is_healthy'
  | 'raft.is_healthy'
  | 'raft.is_leader'
  | 'recover.pending';

/** There is nothing of the kind here: reads come from memory, analyses are written when they change. They stay 0. */
const WITHOUT_MEANING = [
  ...['analysis.change.write', 'analysis.change.write.attempt', 'discoveries.instance_poll_seconds_exceeded'],
  ...['instance.access_denied', 'instance.read', 'instance_tls.read', 'instance_tls.read_cache', 'instance_tls.write'],
  ...['instance_tls.write_cache', 'resolve.read_resolved', 'resolve.read_resolved_all', 'resolve.read_unresolved'],
  ...['resolve.write_resolved', 'resolve.write_unresolved'],
];

const COUNTED: readonly Counted[] = [
  ...(['audit.write', 'discoveries.attempt', 'discoveries.fail', 'instance.read_topology', 'instance.write'] as const),
  ...RECOVERED.flatMap((what) => OUTCOMES.map((outcome) => `recover.${what}.${outcome}` as const)),
];

export class Counters {
  readonly #counts = new Map<Counted, number>();

  add(name: Counted, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  /** When it has ended, its start included. */
  recovered(kind: string, successful: boolean): void {
    const what = COUNTED_AS.get(kind);
    if (what === undefined) return; // dashboards know no name for it
    this.add(`recover.${what}.start`);
    this.add(`recover.${what}.${successful ? 'success' : 'fail'}`);
  }

  /** By name, in the order of the names. */
  all(now: Readonly<Record<Gauged, number>>): Readonly<Record<string, number>> {
    const entries: [string, number][] = [
      ...WITHOUT_MEANING.map((name): [string, number] => [name, 0]),
      ...COUNTED.map((name): [string, number] => [name, this.#counts.get(name) ?? 0]),
      ...Object.entries(now),
    ];
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}
