import type { Clock } from '../runtime/clock.ts';
import { withDeadline } from '../runtime/deadline.ts';
import { errorText } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';

/** What is made of virtual names: told if the same server answers behind them, told unseen, or not told at all. */
export type VirtualNames = 'verified' | 'trusted' | 'unused';

export interface ToldAddressesDeps {
  /** Asked each time; `verified` where it is not given. */
  readonly virtualNames?: () => VirtualNames;
  /** A name registered for replicas to use in place of this host. */
  readonly virtualName: (hostname: string) => string | undefined;
  /** Something that tells the server behind an address from every other. */
  readonly identify: (key: InstanceKey, signal: AbortSignal) => Promise<string>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Long enough for the replicas of one failover, short enough for a name that moves. */
const BELIEVED_MS = 10_000;
/** A name behind which nobody answers must not hold up a failover. */
const CHECK_LIMIT_MS = 1_000;

/**
 * The address that replicas are told of their source. A registered virtual name is used if the same server answers behind
 * it; else the canonical name, with a warning: a replica must not be sent to somebody else. An operator may take that upon
 * himself (`-skip-unresolve-check`), or have such names left alone (`-skip-unresolve`).
 */
export class ToldAddresses {
  readonly #deps: ToldAddressesDeps;
  readonly #checked = new Map<string, { readonly atMs: number; readonly answer: Promise<InstanceKey> }>();

  constructor(deps: ToldAddressesDeps) {
    this.#deps = deps;
  }

  of(source: InstanceKey, signal: AbortSignal): Promise<InstanceKey> {
    const use = this.#deps.virtualNames?.() ?? 'verified';
    const hostname = use === 'unused' ? undefined : this.#deps.virtualName(source.hostname);
    if (hostname === undefined) return Promise.resolve(source);
    if (use === 'trusted') return Promise.resolve({ hostname, port: source.port });
    const nowMs = this.#deps.clock.monotonicMs();
    const name = `${keyText(source)} ${hostname}`;
    const checked = this.#checked.get(name);
    if (checked !== undefined && nowMs - checked.atMs < BELIEVED_MS) return checked.answer;
    const answer = this.#check(source, { hostname, port: source.port }, signal);
    this.#checked.set(name, { atMs: nowMs, answer });
    return answer;
  }

  async #check(source: InstanceKey, virtual: InstanceKey, signal: AbortSignal): Promise<InstanceKey> {
    const { identify, clock, log } = this.#deps;
    const both = (limited: AbortSignal) => Promise.all([identify(source, limited), identify(virtual, limited)]);
    try {
      const [wanted, found] = await withDeadline(clock, CHECK_LIMIT_MS, signal, both);
      if (wanted === found) return virtual;
      log.warn({ source: keyText(source), virtual: keyText(virtual) }, 'another server answers behind a virtual name');
    } catch (err) {
      const fields = { source: keyText(source), virtual: keyText(virtual), err: errorText(err) };
      log.warn(fields, 'a virtual name cannot be verified: replicas are told the canonical one');
    }
    return source;
  }
}
