// Before the core starts: from a directory to a member of a group. A node that belongs to one already passes at once; the others found one
// together, or are taken into one that there is. Afterwards whoever calls is still told of the group.

import { errorText, OrchestratorError } from '../../runtime/errors.ts';
import { type Address, formatAddress, parseAddress } from '../address.ts';
import type { Recovered } from '../core/inputs.ts';
import type { RaftMessage } from '../core/messages.ts';
import type { LogEntry, Member } from '../core/types.ts';
import { Forming } from '../forming/forming.ts';
import { encodeForming } from '../forming/messages.ts';
import { readRecord, writeRecord } from '../forming/record.ts';
import { FormingRoom } from '../forming/room.ts';
import {
  type FormingMessage,
  type FormingMoment,
  type FormingOutcome,
  type FormingRecord,
  NO_RECORD,
} from '../forming/types.ts';
import { pathsIn } from '../store/directory.ts';
import { DamageFound, damageText, fatal } from '../store/failures.ts';
import { nodeFiles } from '../store/files.ts';
import { type Identity, memberIdOf, writeIdentity } from '../store/identity.ts';
import type { RaftStore } from '../store/raft-store.ts';
import { WireFault } from '../wire/fault.ts';
import type { Identity as Peer } from '../wire/hello.ts';
import type { Wire } from '../wire/wire.ts';
import type { FindingOrder, Waiting } from './protocol.ts';
import type { ThreadOptions } from './thread-options.ts';

export type Found = Omit<Recovered, 'applied'>;

export interface BelongingDeps {
  readonly options: ThreadOptions;
  readonly store: Pick<RaftStore, 'write'>;
  /** As the store was opened with. */
  readonly identity: Identity;
  readonly recovered: Found;
  readonly wire: () => Pick<Wire, 'seek' | 'sendTo' | 'at'>;
  readonly moment: () => FormingMoment;
  readonly every: (ms: number, work: () => void) => () => void;
  /** Why this node belongs to no group yet: when that changes, and now and then. */
  readonly onWaiting: (waiting: Waiting) => void;
  /** For `claimed`. */
  readonly onClaim: (formation: string) => void;
}

/** Beside changes of the reason, it is told so often. */
const REMINDER_MS = 10_000;
const LEAST_HAIL_MS = 100;
const TICKS_PER_HAIL = 2;
/** What a leader sends to those whom it has taken in, and to nobody else. */
const OF_A_LEADER: ReadonlySet<RaftMessage['kind']> = new Set(['append', 'heartbeat', 'snapshotChunk']);

export class Belonging {
  readonly #deps: BelongingDeps;
  readonly #room: FormingRoom;
  readonly #hailMs: number;
  readonly #self: Member;
  readonly #founders: readonly string[];
  #identity: Identity;
  /** Where nobody is listed: addresses that were found, and why there are not more. */
  #candidates: { readonly addresses: readonly string[]; readonly problem: string | undefined } = {
    addresses: [],
    problem: undefined,
  };
  #bound: readonly string[];
  #settle:
    | { readonly resolve: (entry: LogEntry | undefined) => void; readonly reject: (err: unknown) => void }
    | undefined;
  #waiting: Pick<Waiting, 'phase' | 'why'> | undefined;
  #told = { news: '', atMs: Number.NEGATIVE_INFINITY };
  /** Somebody without a group calls; nobody is interested before this node takes part itself. */
  onKnock: (knocker: Member) => void = () => {};

  /** @throws {OrchestratorError} `RAFT_STORE_DAMAGED`, `CONFIG_INVALID` */
  constructor(deps: BelongingDeps) {
    const { options, recovered, moment } = deps;
    const { forming, advertise, clusterName, settings } = options;
    const paths = pathsIn(options.store.directory);
    this.#deps = deps;
    this.#hailMs = Math.max(LEAST_HAIL_MS, settings.electionTimeoutMs / 2);
    const record = orDamaged(() => readRecord(nodeFiles, paths.formation, deps.identity.incarnation));
    this.#identity = underItsName(deps.identity, record, forming.self);
    this.#bound = this.#boundBy(record);
    const { nodeId: node, incarnation } = this.#identity;
    this.#self = {
      ...{ id: memberIdOf(this.#identity), node, incarnation, address: advertise },
      ...{ labels: forming.labels, promote: forming.promote },
    };
    const asMember = (list: readonly string[]) =>
      [...new Set(list.map((name) => (name === forming.self ? node : name)))].toSorted();
    this.#founders = asMember(forming.founders);
    this.#room = new FormingRoom({
      machine: new Forming(
        {
          ...{ clusterName, identity: this.#identity, self: this.#self },
          ...{ nodes: asMember(forming.nodes), founders: this.#founders, finding: forming.finding },
          ...{ hailMs: this.#hailMs, timeoutMs: forming.timeoutMs },
        },
        { record, raftState: !isBlank(recovered) },
        moment(),
      ),
      moment,
      keepRecord: (kept) => {
        writeRecord(nodeFiles, paths.formation, incarnation, kept);
        this.#bound = this.#boundBy(kept);
      },
      keepIdentity: (identity) => this.#keepIdentity(identity),
      send: (address, payload) => deps.wire().sendTo(address, 'forming', payload),
      claim: (formation) => deps.onClaim(formation),
      onKnock: (knocker) => this.onKnock(knocker),
      onOutcome: (outcome) => this.#onOutcome(outcome),
    });
    const identity = { ...this.#identity, address: advertise };
    if (JSON.stringify(identity) !== JSON.stringify(deps.identity)) this.#keepIdentity(identity);
  }

  get identity(): Identity {
    return this.#identity;
  }

  /**
   * Resolves once this node belongs to a group, with what its log then begins with.
   *
   * @throws {OrchestratorError} of `NODE_ENDS`, `STOPPED` where the signal aborts
   */
  async settle(signal: AbortSignal): Promise<Found> {
    const { every, wire, recovered } = this.#deps;
    const stops: (() => void)[] = [];
    try {
      const entry = await new Promise<LogEntry | undefined>((resolve, reject) => {
        this.#settle = { resolve, reject };
        const onAbort = () => reject(new OrchestratorError('STOPPED', 'this node stops before it belongs to a group'));
        signal.addEventListener('abort', onAbort, { once: true });
        stops.push(() => signal.removeEventListener('abort', onAbort));
        if (signal.aborted) onAbort();
        this.#orReject(() => this.#room.tick());
        if (this.#identity.clusterId === undefined) wire().seek(this.others);
        const tick = () => {
          this.#orReject(() => this.#room.tick());
          this.#tell();
        };
        stops.push(every(this.#hailMs / TICKS_PER_HAIL, tick));
      });
      const found = entry === undefined || !isBlank(recovered) ? recovered : this.#begin(entry);
      return { ...found, self: memberIdOf(this.#identity) }; // an empty directory may have had another name
    } finally {
      this.#settle = undefined;
      for (const stop of stops) stop();
    }
  }

  /** Who is to be dialled besides the members, before and after this node has a group. */
  get others(): readonly Address[] {
    const { forming, advertise } = this.#deps.options;
    const own = [forming.self, this.#identity.nodeId, advertise];
    const wanted = [...forming.nodes, ...this.#candidates.addresses, ...this.#bound];
    return [...new Set(wanted)].filter((text) => !own.includes(text)).flatMap(addressIn);
  }

  /** What was found where nobody is listed. */
  heed(order: FindingOrder): void {
    if (order.kind === 'claimed') {
      this.#orReject(() => this.#room.claimed(order.formation, order.answer));
      return;
    }
    this.#candidates = order.candidates;
    if (this.#identity.clusterId === undefined) this.#deps.wire().seek(this.others);
    this.#orReject(() => this.#room.seek(order.candidates));
  }

  /** @throws {WireFault} these bytes are nothing that a node says */
  onBytes(peer: Peer, payload: Uint8Array): void {
    this.#orReject(() => this.#room.onBytes(peer, payload));
  }

  /** A message of the core, which does not run yet. The leader repeats what matters: it only shows that this node was taken in. */
  hear({ kind }: RaftMessage, { clusterId, generation }: Peer): void {
    const { outcome } = this.#room;
    if (outcome.kind !== 'outside' || !OF_A_LEADER.has(kind)) return;
    // a former life of the group (F-72) may be there, too, and its log is another one
    if (clusterId !== outcome.group.clusterId || generation !== outcome.group.generation) return;
    this.#orReject(() => this.#room.joined());
  }

  /** Asks to be taken in: for a node that has joined, and whose place was lost before it was agreed on. */
  knock(addresses: readonly string[]): void {
    const { generation } = this.#identity;
    const said = { founders: this.#founders, expect: this.#deps.options.forming.finding?.expect ?? 0 };
    const hail = { kind: 'hail', member: this.#self, ...said, generation, bond: undefined } as const;
    for (const address of addresses) this.#say(address, hail);
  }

  /** Somebody there may not know that there is a group. */
  tellOf(address: string): void {
    const { clusterId, generation } = this.#identity;
    if (clusterId !== undefined) this.#say(address, { kind: 'formed', clusterId, generation });
  }

  #say(address: string, message: FormingMessage): void {
    this.#deps.wire().sendTo(address, 'forming', encodeForming(message));
  }

  #onOutcome(outcome: FormingOutcome): void {
    if (outcome.kind === 'formed') this.#settle?.resolve(outcome.foundingEntry);
    else if (outcome.kind === 'refused' && outcome.reason !== 'bound') this.#settle?.reject(refusal(outcome));
    else {
      this.#waiting = { phase: phaseOf(outcome), why: outcome.why };
      this.#tell();
    }
  }

  /** Where those are who were not listed, and whose decision this node waits for. */
  #boundBy({ promise }: FormingRecord): readonly string[] {
    const { finding } = this.#deps.options.forming;
    if (finding === undefined || this.#identity.clusterId !== undefined) return [];
    return promise?.members.map(({ address }) => address) ?? [];
  }

  /** Seconds pass; that is no news. */
  #tell(): void {
    if (this.#waiting === undefined || this.#identity.clusterId !== undefined) return;
    const { phase, why } = this.#waiting;
    const { nowMs } = this.#deps.moment();
    const problem = this.#problem();
    const news = JSON.stringify([phase, why.replace(/last seen \d+ s ago/g, 'last seen'), problem]);
    if (news === this.#told.news && nowMs - this.#told.atMs < REMINDER_MS) return;
    this.#told = { news, atMs: nowMs };
    this.#deps.onWaiting({ phase, why, problem, nextInMs: this.#room.nextHailInMs, everyMs: this.#hailMs });
  }

  /** Of the look-up, or of the first node that cannot be reached. */
  #problem(): string | undefined {
    const wire = this.#deps.wire();
    const unreached = this.others.map((address) => wire.at(formatAddress(address))?.problem);
    return this.#candidates.problem ?? unreached.find((problem) => problem !== undefined);
  }

  /** The identity comes before it: a start that finds that and no log writes this again. */
  #begin(entry: LogEntry): Found {
    const { store, recovered, options } = this.#deps;
    const hardState = { term: entry.term, vote: undefined };
    const nothing = { install: undefined, truncateFrom: undefined, compactTo: undefined, removed: false };
    if (store.write([{ id: 1, hardState, append: [entry], ...nothing }]) === 'full')
      throw new OrchestratorError('RAFT_STORE_FAILED', `no room in RaftDataDir ${options.store.directory}`);
    return { ...recovered, hardState, entries: [entry] };
  }

  #keepIdentity(identity: Identity): void {
    writeIdentity(nodeFiles, pathsIn(this.#deps.options.store.directory).identity, identity);
    this.#identity = identity;
    if (identity.clusterId !== undefined) this.#bound = []; // members are known by the log
  }

  /** Nothing may be said that was not kept: whatever fails but a stranger's bytes ends the node. */
  #orReject(work: () => void): void {
    try {
      work();
    } catch (err) {
      if (err instanceof WireFault || this.#settle === undefined) throw err;
      this.#settle.reject(fatal(this.#deps.options.store.directory, 'keeping a promise', err));
    }
  }
}

function phaseOf(outcome: Exclude<FormingOutcome, { kind: 'formed' }>): Waiting['phase'] {
  if (outcome.kind === 'outside') return 'joining';
  return outcome.kind === 'refused' || outcome.promised ? 'founding' : 'discovering';
}

/** Nothing for a text that names no place: it is what another node calls itself. */
function addressIn(text: string): readonly Address[] {
  try {
    return [parseAddress(text, 'a node', 0)];
  } catch {
    return [];
  }
}

function isBlank({ entries, snapshot, hardState }: Found): boolean {
  return entries.length === 0 && snapshot.index === 0 && hardState.term === 0;
}

/** The name stays with the directory (C-22); where nothing was promised under it, the one in the list counts. */
function underItsName(identity: Identity, record: FormingRecord, listed: string): Identity {
  const { clusterId, nodeId } = identity;
  if (clusterId !== undefined || nodeId === listed) return identity;
  if (JSON.stringify(record) === JSON.stringify(NO_RECORD)) return { ...identity, nodeId: listed };
  throw new OrchestratorError(
    'CONFIG_INVALID',
    `this node has promised to found a group as ${nodeId} and is ${listed} now: restore RaftAdvertise and RaftNodes, or take the promise back with raft-reset-formation`,
  );
}

function refusal({ reason, why }: Extract<FormingOutcome, { kind: 'refused' }>): OrchestratorError {
  const code = reason === 'timeout' ? 'RAFT_NOT_FORMED' : reason === 'state' ? 'RAFT_STORE_DAMAGED' : 'RAFT_TWO_GROUPS';
  return new OrchestratorError(code, why);
}

function orDamaged<T>(work: () => T): T {
  try {
    return work();
  } catch (err) {
    if (err instanceof DamageFound) throw new OrchestratorError('RAFT_STORE_DAMAGED', damageText(err.damage));
    throw new OrchestratorError('RAFT_STORE_FAILED', errorText(err), { cause: err });
  }
}
