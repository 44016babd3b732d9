/*
 * Looks for other nodes on behalf of one that belongs to no group yet, and again when a member cannot be reached: it may have moved (F-04). Lives
 * on the main thread, so that no look-up holds up a heartbeat; what it finds is told to the consensus thread.
 */

import { networkInterfaces } from 'node:os';
import type { Clock } from '../../runtime/clock.ts';
import { withDeadline } from '../../runtime/deadline.ts';
import { errorText } from '../../runtime/errors.ts';
import { type Address, formatAddress } from '../address.ts';
import type { Candidates, ClaimAnswer } from '../forming/types.ts';
import type { Anchor } from './anchor.ts';
import type { Findings, Search } from './search.ts';

export interface LookoutDeps {
  /** @param onFindings to be called after each look-up */
  readonly search: (onFindings: (findings: Findings) => void) => Search;
  readonly anchor: Anchor | undefined;
  /** Where this node listens and what the others dial. */
  readonly own: readonly Address[];
  readonly timeoutMs: number;
  readonly clock: Pick<Clock, 'after' | 'every'>;
  /** IP addresses of this host. */
  readonly hosts?: () => readonly string[];
}

/** Of the group that was founded or joined. */
export interface Reached {
  readonly peers: readonly { readonly connected: boolean }[];
}

const CHECK_MS = 10_000;

export class Lookout {
  readonly #deps: LookoutDeps;
  readonly #search: Search;
  readonly #ending = new AbortController();
  #tell: (candidates: Candidates) => void = () => {};
  #stopChecks = () => {};
  #stopped: Promise<void> | undefined;

  constructor(deps: LookoutDeps) {
    this.#deps = deps;
    this.#search = deps.search((findings) => this.#tell(this.#candidates(findings)));
  }

  /** @param tell after each look-up, until `stop` */
  start(tell: (candidates: Candidates) => void): void {
    this.#tell = tell;
    this.#search.start();
  }

  /** This node belongs to a group: from now on nobody is looked for as long as all members are reached. */
  joined(reached: () => Promise<Reached>): void {
    const check = () => {
      reached()
        .then(({ peers }) => (peers.every(({ connected }) => connected) ? this.#rest() : this.#search.seek()))
        .catch(() => undefined); // the node is about to end
    };
    this.#stopChecks = this.#deps.clock.every(CHECK_MS, check);
    check();
  }

  /** Of the record that says which group has the name. Never rejects. */
  async claim(clusterId: string): Promise<ClaimAnswer> {
    const { anchor, clock, timeoutMs } = this.#deps;
    if (anchor === undefined) return { kind: 'unknown', why: 'there is no place for it' };
    try {
      return await withDeadline(clock, timeoutMs, this.#ending.signal, (signal) => anchor.claim(clusterId, signal));
    } catch (error) {
      return { kind: 'unknown', why: errorText(error) };
    }
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#tell = () => {};
    this.#stopChecks();
    this.#ending.abort(new Error('stopped'));
    await this.#search.stop();
    await this.#deps.anchor?.close();
  }

  /** Nobody is dialled any more but the members. */
  #rest(): void {
    this.#search.rest();
    this.#tell({ addresses: [], aloneTimes: 0, problem: undefined });
  }

  #candidates({ candidates, confirmations, problem }: Findings): Candidates {
    const addresses = candidates.filter((address) => !this.#isOwn(address)).map(formatAddress);
    return { addresses, aloneTimes: addresses.length === 0 ? confirmations : 0, problem };
  }

  /** By its text, or by an address of this host with a port of ours. Whoever else turns out to be this node is left out by the handshake. */
  #isOwn(address: Address): boolean {
    const { own, hosts = hostAddresses } = this.#deps;
    if (own.some((one) => formatAddress(one) === formatAddress(address))) return true;
    return own.some(({ port }) => port === address.port) && hosts().includes(address.host);
  }
}

function hostAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
}
