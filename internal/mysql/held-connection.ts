import type { Instance, MissingRight } from '../topology/instance.ts';
import { readBinlogServer } from './binlog-server.ts';
import type { Opened } from './connector.ts';
import { classified, DETECTION_PARTS, type DetectionSettings, detectionStatements } from './detection.ts';
import { foundReplicas, type ReplicaDiscovery } from './found-replicas.ts';
import { readParts } from './part-reader.ts';
import type { ProbeMemory } from './probe-memory.ts';
import { instanceFromRows } from './probe-rows.ts';
import { type ProbePart, type ProbeStatement, probeStatements } from './probe-statements.ts';

/** What changes rarely and costs the server more is asked less often than the rest. */
const RARE: ReadonlySet<ProbePart> = new Set<ProbePart>([
  'heartbeat',
  'group',
  'dumpSessions',
  'replicas',
  ...DETECTION_PARTS.filter((part) => part !== 'lag'),
]);

export interface HeldConnectionDeps {
  readonly nowMs: () => number;
  readonly settings: {
    /** How often the parts are asked that change rarely. */
    readonly rareIntervalMs: number;
    /** How long a statement that the server refused is not asked again. */
    readonly refusedRetryMs: number;
    readonly detection: DetectionSettings;
    readonly replicas: ReplicaDiscovery;
  };
  readonly memory: ProbeMemory;
  /** Whether we write markers in its cluster; undefined: the operator's query tells whether anybody does. */
  readonly marked?: () => boolean | undefined;
  /** A part that the server refuses, or answers with nonsense; its last known rows are kept. */
  readonly onRefused: (statement: Pick<ProbeStatement, 'part' | 'right'>, message: string) => void;
  /** Others than before are left out for their replication user. */
  readonly onIgnored: (replicas: readonly string[]) => void;
  /** The account lacks other rights than before; none: what was missing was granted. */
  readonly onRights: (missing: readonly MissingRight[]) => void;
}

/** One connection that is read again and again. A statement that failed is left out of the next reads for a while. */
export class HeldConnection {
  readonly #opened: Opened;
  readonly #deps: HeldConnectionDeps;
  #statements: readonly ProbeStatement[] = [];
  #composedFor: DetectionSettings | undefined;
  #readRareMs = Number.NEGATIVE_INFINITY;
  /** Asked once, and again while something is missing: an operator may be about to grant it. */
  #grantsDueMs = Number.NEGATIVE_INFINITY;

  constructor(opened: Opened, deps: HeldConnectionDeps) {
    this.#opened = opened;
    this.#deps = deps;
  }

  get closed(): boolean {
    return this.#opened.connection.closed;
  }

  close(): void {
    this.#opened.connection.close();
  }

  onClose(listener: () => void): void {
    this.#opened.connection.onClose(listener);
  }

  /** @throws {OrchestratorError} `PROBE_FAILED` (context: partial), `STATEMENT_FAILED`, `STATEMENT_TIMEOUT` */
  async read(signal: AbortSignal): Promise<Instance> {
    const { nowMs, settings, memory, onRefused, onIgnored } = this.#deps;
    const { connection, version, dialect } = this.#opened;
    const startedMs = nowMs();
    const rare = startedMs - this.#readRareMs >= settings.rareIntervalMs;
    const isDue = (part: ProbePart) => (part === 'grants' ? startedMs >= this.#grantsDueMs : rare || !RARE.has(part));
    const due = this.#compose(settings.detection).filter(
      ({ part }) => isDue(part) && !memory.isRefused(part, startedMs),
    );
    const refuse = (statement: ProbeStatement, message: string) => {
      memory.refused(statement.part, startedMs + settings.refusedRetryMs);
      if (memory.isNews(statement.part)) onRefused(statement, message);
    };
    const { rows, cutShort } = dialect.binlogServer
      ? { rows: await readBinlogServer(connection, version, due, signal, refuse), cutShort: false }
      : await readParts(connection, due, signal, refuse);
    if (rare) this.#readRareMs = startedMs;
    memory.learn(rows);
    const all = memory.merge(rows);
    const replicas = foundReplicas(connection.key, all, settings.replicas);
    if (memory.areNewlyIgnored(replicas.ignored)) onIgnored(replicas.ignored);
    const read = instanceFromRows(connection.key, all, replicas.keys);
    const { instance: asked, complaints } = classified(read, all, settings.detection);
    const instance = { ...asked, usesPseudoGtid: this.#deps.marked?.() ?? asked.usesPseudoGtid };
    for (const part of Object.keys(rows) as ProbePart[])
      if (!complaints.some(([bad]) => bad === part)) memory.settled(part);
    for (const [part, message] of complaints) if (memory.isNews(part)) onRefused({ part, right: '' }, message);
    if (rows.grants !== undefined) this.#judgeRights(instance.missingRights, startedMs);
    if (cutShort) this.close();
    return instance;
  }

  #judgeRights(missing: readonly MissingRight[], nowMs: number): void {
    const { settings, memory, onRights } = this.#deps;
    this.#grantsDueMs = missing.length === 0 ? Number.POSITIVE_INFINITY : nowMs + settings.refusedRetryMs;
    if (memory.areNewRights(missing)) onRights(missing);
  }

  /** Composed once, and once more when the operator gives other queries. */
  #compose(detection: DetectionSettings): readonly ProbeStatement[] {
    if (this.#composedFor !== detection)
      this.#statements = [...probeStatements(this.#opened.dialect), ...detectionStatements(detection)];
    this.#composedFor = detection;
    return this.#statements;
  }
}
