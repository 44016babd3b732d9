import { OrchestratorError } from '../runtime/errors.ts';
import type { Instance } from '../topology/instance.ts';
import { keyText } from '../topology/instance-key.ts';
import type { Opened } from './connector.ts';
import { instanceFromRows, type ProbeRows } from './probe-rows.ts';
import { type ProbePart, type ProbeStatement, probeStatements } from './probe-statements.ts';
import type { Row } from './server-connection.ts';

/** What changes rarely and costs the server more is asked less often than the rest. */
const RARE: ReadonlySet<ProbePart> = new Set(['heartbeat', 'group', 'dumpSessions', 'replicas']);

export interface HeldConnectionDeps {
  readonly nowMs: () => number;
  readonly settings: {
    /** How often the parts are asked that change rarely. */
    readonly rareIntervalMs: number;
    /** How long a statement that the server refused is not asked again on this connection. */
    readonly refusedRetryMs: number;
  };
  /** A part that the server refuses; its last known rows are kept. */
  readonly onRefused: (statement: ProbeStatement, message: string) => void;
}

/**
 * One connection that is read again and again. A server stops at the first statement of a batch that fails, so the rest is
 * sent once more without it, and it is left out of the next reads for a while.
 */
export class HeldConnection {
  readonly #opened: Opened;
  readonly #deps: HeldConnectionDeps;
  readonly #statements: readonly ProbeStatement[];
  readonly #refusedUntilMs = new Map<ProbePart, number>();
  #rows: ProbeRows = {};
  #readRareMs = Number.NEGATIVE_INFINITY;

  constructor(opened: Opened, deps: HeldConnectionDeps) {
    this.#opened = opened;
    this.#deps = deps;
    this.#statements = probeStatements(opened.dialect);
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

  /** @throws {OrchestratorError} `PROBE_FAILED` (context: partial), `STATEMENT_FAILED`, `STATEMENT_TIMEOUT` (context: answered) */
  async read(signal: AbortSignal): Promise<Instance> {
    const { nowMs, settings } = this.#deps;
    const startedMs = nowMs();
    const rare = startedMs - this.#readRareMs >= settings.rareIntervalMs;
    const due = this.#statements.filter(
      ({ part }) => (rare || !RARE.has(part)) && (this.#refusedUntilMs.get(part) ?? 0) <= startedMs,
    );
    const rows = await readParts(this.#opened, due, signal, (statement, message) => {
      this.#refusedUntilMs.set(statement.part, startedMs + settings.refusedRetryMs);
      this.#deps.onRefused(statement, message);
    });
    if (rare) this.#readRareMs = startedMs;
    this.#rows = { ...this.#rows, ...rows };
    return instanceFromRows(this.#opened.connection.key, this.#rows);
  }
}

/** Asks for all parts, in one round trip unless some are refused. */
export async function readParts(
  { connection }: Opened,
  statements: readonly ProbeStatement[],
  signal: AbortSignal,
  onRefused: (statement: ProbeStatement, message: string) => void,
): Promise<ProbeRows> {
  const rows: Partial<Record<ProbePart, readonly Row[]>> = {};
  for (let rest = statements; rest.length > 0; ) {
    const { results, failed } = await connection.many(rest.map(({ sql }) => sql).join(';'), signal);
    for (const [index, { part }] of rest.entries())
      if (index < (failed?.index ?? rest.length)) rows[part] = results[index] ?? [];
    if (failed === undefined) break;
    const culprit = rest[failed.index];
    if (culprit === undefined || culprit.essential) {
      const need = culprit?.right === undefined || culprit.right === '' ? '' : ` (it needs ${culprit.right})`;
      throw new OrchestratorError('PROBE_FAILED', `${keyText(connection.key)}: ${failed.message}${need}`, {
        context: { errno: failed.errno, partial: rows.variables !== undefined },
      });
    }
    onRefused(culprit, failed.message);
    rest = rest.slice(failed.index + 1);
  }
  return rows;
}
