import { OrchestratorError } from '../runtime/errors.ts';

/** One MariaDB transaction: `domain-server-sequence`. */
export interface MariadbGtid {
  readonly domain: number;
  readonly serverId: number;
  readonly sequence: bigint;
}

/**
 * Reads a comma list of `domain-server-sequence`: a position, a binlog state or a single GTID.
 *
 * @throws {OrchestratorError} `GTID_INVALID`
 */
export function parseMariadbGtids(text: string): readonly MariadbGtid[] {
  const entries = text.split(',').map((entry) => entry.trim());
  return entries.filter((entry) => entry !== '').map(parseOne);
}

function parseOne(entry: string): MariadbGtid {
  const match = /^(\d{1,10})-(\d{1,10})-(\d{1,20})$/.exec(entry);
  if (match === null) throw new OrchestratorError('GTID_INVALID', `not a MariaDB GTID: "${entry.slice(0, 100)}"`);
  return { domain: Number(match[1]), serverId: Number(match[2]), sequence: BigInt(match[3] ?? '0') };
}

export function mariadbGtidText({ domain, serverId, sequence }: MariadbGtid): string {
  return `${domain}-${serverId}-${sequence}`;
}

/** The highest sequence seen per (domain, server), as in `gtid_binlog_state`. Immutable. */
export class MariadbState {
  static readonly EMPTY = new MariadbState(new Map());

  /** Key: `domain-server`. */
  readonly #last: ReadonlyMap<string, MariadbGtid>;

  private constructor(last: ReadonlyMap<string, MariadbGtid>) {
    this.#last = last;
  }

  /** @throws {OrchestratorError} `GTID_INVALID` */
  static parse(text: string): MariadbState {
    return MariadbState.of(parseMariadbGtids(text));
  }

  static of(gtids: Iterable<MariadbGtid>): MariadbState {
    const last = new Map<string, MariadbGtid>();
    for (const gtid of gtids) {
      const known = last.get(nameOf(gtid));
      if (known === undefined || known.sequence < gtid.sequence) last.set(nameOf(gtid), gtid);
    }
    return new MariadbState(last);
  }

  get isEmpty(): boolean {
    return this.#last.size === 0;
  }

  /** Whether this (domain, server) has got at least as far as `gtid`. */
  holds(gtid: MariadbGtid): boolean {
    const sequence = this.sequenceOf(gtid.domain, gtid.serverId);
    return sequence !== undefined && sequence >= gtid.sequence;
  }

  sequenceOf(domain: number, serverId: number): bigint | undefined {
    return this.#last.get(`${domain}-${serverId}`)?.sequence;
  }

  merge(other: MariadbState): MariadbState {
    return MariadbState.of([...this.#last.values(), ...other.#last.values()]);
  }

  /** By domain, then server. */
  entries(): readonly MariadbGtid[] {
    return [...this.#last.values()].sort((a, b) => a.domain - b.domain || a.serverId - b.serverId);
  }

  toString(): string {
    return this.entries().map(mariadbGtidText).join(',');
  }
}

/** Whether every GTID of a position is covered by the state. */
export function holdsPosition(state: MariadbState, position: readonly MariadbGtid[]): boolean {
  return position.every((gtid) => state.holds(gtid));
}

function nameOf({ domain, serverId }: MariadbGtid): string {
  return `${domain}-${serverId}`;
}
