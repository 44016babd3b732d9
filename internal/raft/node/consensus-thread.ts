// All of a node that runs on the consensus thread: store, wire, core and what drives them by time. It does nothing else, so that neither a
// large answer of the API nor a slow look-up can hold up a heartbeat.

import { type Clock, systemClock } from '../../runtime/clock.ts';
import { errorText, OrchestratorError } from '../../runtime/errors.ts';
import type { Address } from '../address.ts';
import { RaftCore } from '../core/core.ts';
import type { Moment } from '../core/inputs.ts';
import type { RaftMessage } from '../core/messages.ts';
import type { RaftSettings } from '../core/settings.ts';
import type { Configuration, Index } from '../core/types.ts';
import { damageText } from '../store/failures.ts';
import { type Identity, memberIdOf } from '../store/identity.ts';
import { openStore, type RaftStore, type StoreOptions } from '../store/raft-store.ts';
import { AddressSpace } from '../wire/address-space.ts';
import type { Credentials } from '../wire/credentials.ts';
import { wireSettings } from '../wire/settings.ts';
import { Wire } from '../wire/wire.ts';
import { belong } from './belonging.ts';
import { Driver } from './driver.ts';
import { processMs, SharedLease } from './lease.ts';
import { MainWatch } from './main-watch.ts';
import type { Host, Outcome } from './ports.ts';
import type { News, Order, Standpoint } from './protocol.ts';
import { SnapshotDesk } from './snapshot-desk.ts';
import { type Concern, Standings } from './standing.ts';
import { threadStatus } from './status.ts';
import { Teller } from './teller.ts';

/** Plain values, so that they can be given to a thread. */
export interface ThreadOptions {
  readonly store: Omit<StoreOptions, 'files'>;
  readonly bind: Address;
  /** What the others dial, `host:port`. */
  readonly advertise: string;
  readonly clusterName: string;
  /** Of the program. */
  readonly release: string;
  readonly protocol: number;
  readonly credentials: Credentials;
  /** Ranges as in `RaftAllowedAddressSpace`. */
  readonly allowed: readonly string[];
  readonly settings: RaftSettings;
  readonly maxMessageBytes: number;
  /** Index that the backend holds all changes up to. */
  readonly applied: Index;
  /** Buffer of a `SharedLease`. */
  readonly lease: SharedArrayBuffer;
}

export interface ThreadDeps {
  readonly options: ThreadOptions;
  readonly random: () => number;
  readonly post: (news: readonly News[]) => void;
  /** The last news is posted; connections may still be closing. */
  readonly onEnd: () => void;
}

const TICKS_PER_HEARTBEAT = 3;
const FULL_RETRY_MS = 250;
/** A full disk asks for a snapshot, which shortens the log, no more often than once in so many election time-outs. */
const RELIEF_PAUSE_TIMEOUTS = 5;

interface Parts {
  readonly store: RaftStore;
  readonly wire: Wire;
  readonly core: RaftCore;
}

export class ConsensusThread implements Host {
  readonly #deps: ThreadDeps;
  readonly #clock: Clock = systemClock;
  readonly #teller: Teller;
  readonly #lease: SharedLease;
  readonly #parts: Parts;
  readonly #driver: Driver;
  readonly #desk: SnapshotDesk;
  readonly #standings = new Standings();
  readonly #watch: MainWatch;
  readonly #stopTicking: () => void;
  #standpoint: Standpoint;
  #relievedMs = Number.NEGATIVE_INFINITY;
  #ended = false;

  /** Says `ready`, or `fatal` with the reason why this node cannot begin. */
  static async start(deps: ThreadDeps): Promise<ConsensusThread | undefined> {
    const teller = new Teller(deps.post);
    const opened: { store?: RaftStore; wire?: Wire } = {};
    try {
      return await begin(deps, teller, opened);
    } catch (err) {
      await opened.wire?.stop();
      opened.store?.close();
      tellFatal(teller, err);
      teller.flush();
      deps.onEnd();
      return undefined;
    }
  }

  constructor(deps: ThreadDeps, teller: Teller, parts: Parts) {
    const { settings, lease } = deps.options;
    const { core, store, wire } = parts;
    this.#deps = deps;
    this.#teller = teller;
    this.#parts = parts;
    this.#lease = new SharedLease(lease);
    this.#driver = new Driver({
      core,
      store: {
        write: (writes) => store.write(writes),
        stage: (chunk) => store.stage(chunk),
        readChunk: (request) => this.#desk.read(request),
        upkeep: () => store.upkeep(),
      },
      peers: { send: (message) => wire.send(message), follow: (configuration) => follow(wire, configuration) },
      host: this,
      moment: () => this.#moment(),
      soon: setImmediate,
      pauseMs: settings.heartbeatMs,
      fullRetryMs: FULL_RETRY_MS,
      onFatal: (err) => this.#fatal(err),
    });
    this.#desk = new SnapshotDesk({
      store,
      core,
      take: (input) => this.#driver.take(input),
      kept: (id) => this.#teller.tell({ kind: 'kept', id }),
    });
    const tickMs = settings.heartbeatMs / TICKS_PER_HEARTBEAT;
    this.#watch = new MainWatch(settings.leaderLeaseMs, tickMs, processMs());
    this.#standpoint = this.#stand();
    follow(wire, core.log.configuration);
    this.#teller.tell({ kind: 'ready', standpoint: this.#standpoint });
    this.#stopTicking = this.#clock.every(tickMs, () => this.#orFatal(() => this.#tick()));
    this.#driver.take({ kind: 'tick' });
  }

  hear(message: RaftMessage): void {
    this.#driver.take({ kind: 'message', message });
  }

  obey(order: Order): void {
    if (!this.#ended) this.#orFatal(() => this.#do(order));
  }

  stepped(): void {
    const { core } = this.#parts;
    this.#lease.set(core.leaseUntilMs);
  }

  apply(items: Parameters<Host['apply']>[0]): void {
    this.#teller.tell({ kind: 'apply', items });
  }

  answer(answers: Parameters<Host['answer']>[0]): void {
    this.#teller.tell({ kind: 'answers', answers });
  }

  event(event: Parameters<Host['event']>[0]): void {
    this.#teller.tell({ kind: 'event', event });
  }

  takeSnapshot(): void {
    this.#teller.tell({ kind: 'takeSnapshot' });
  }

  disk(outcome: Outcome): void {
    const { directory } = this.#deps.options.store;
    if (outcome === 'full')
      this.#teller.log.error({ directory }, 'no room for the log of the group: nothing is agreed to until there is');
    else this.#teller.log.info({ directory }, 'there is room for the log of the group again');
    this.#concern('disk', outcome === 'full');
  }

  turned(): void {
    const standpoint = this.#stand();
    if (sameStandpoint(standpoint, this.#standpoint)) return;
    this.#standpoint = standpoint;
    this.#teller.tell({ kind: 'standpoint', standpoint });
  }

  #do(order: Order): void {
    switch (order.kind) {
      case 'alive':
        this.#watch.heard();
        this.#mainStuck(false);
        return;
      case 'standing':
        this.#concern('asked', order.standing === 'lastResort');
        return;
      case 'keep':
        this.#desk.keep(order.id, order.piece);
        return;
      case 'keepFailed':
        this.#desk.failed();
        return;
      case 'fetch':
        this.#teller.tell({ kind: 'fetched', id: order.id, data: this.#desk.read(order) });
        return;
      case 'status':
        this.#teller.tell({ kind: 'status', id: order.id, status: this.#status() });
        return;
      case 'bytes':
        this.#parts.wire.sendBytes(order.to, order.channel, order.payload);
        return;
      case 'renew':
        this.#parts.wire.renew(order.credentials);
        return;
      case 'stop':
        this.#end();
        return;
      default:
        this.#driver.take(order);
    }
  }

  #tick(): void {
    this.#mainStuck(this.#watch.tick(processMs()));
    this.#desk.retry();
    this.#relieve();
    this.#driver.take({ kind: 'tick' });
  }

  /** What a snapshot covers need not be kept: the one thing that a node can do about a full disk. */
  #relieve(): void {
    const { core } = this.#parts;
    const { electionTimeoutMs } = this.#deps.options.settings;
    if (!this.#standings.concerns.includes('disk') || core.commit <= core.log.snapshot.index) return;
    if (processMs() - this.#relievedMs < RELIEF_PAUSE_TIMEOUTS * electionTimeoutMs) return;
    this.#relievedMs = processMs();
    this.takeSnapshot();
  }

  #mainStuck(stuck: boolean): void {
    if (this.#standings.concerns.includes('main') === stuck) return;
    if (stuck) this.#teller.log.warn({}, 'the main thread does not answer: leadership is given up until it does');
    this.#concern('main', stuck);
  }

  #concern(concern: Concern, present: boolean): void {
    if (!this.#standings.set(concern, present)) return;
    this.#driver.take({ kind: 'standing', standing: this.#standings.standing });
  }

  #moment(): Moment {
    return { nowMs: processMs(), wallMs: this.#clock.nowMs(), random: this.#deps.random() };
  }

  #stand(): Standpoint {
    const { core } = this.#parts;
    return {
      self: core.self,
      role: core.role,
      term: core.term,
      leader: core.leader,
      commit: core.commit,
      lastIndex: core.log.lastIndex,
      configuration: core.log.configuration,
      inOffice: core.office?.serving ?? false,
      settled: core.log.termAt(core.commit) === core.term,
      standing: this.#standings.standing,
      disk: this.#standings.concerns.includes('disk') ? 'full' : 'durable',
    };
  }

  #status() {
    const { core, wire } = this.#parts;
    const { concerns } = this.#standings;
    return threadStatus({ core, wire, concerns, nowMs: processMs(), wireNowMs: this.#clock.monotonicMs() });
  }

  #orFatal(work: () => void): void {
    try {
      work();
    } catch (err) {
      this.#fatal(err);
    }
  }

  /** Nothing is answered any more: what the disk holds is for the next start to find out. */
  #fatal(err: unknown): void {
    if (this.#ended) return;
    tellFatal(this.#teller, err);
    this.#end();
  }

  #end(): void {
    this.#ended = true;
    this.#lease.set(undefined);
    this.#driver.stop();
    this.#stopTicking();
    void this.#parts.wire.stop();
    try {
      this.#parts.store.close();
    } catch (err) {
      this.#teller.log.warn({ reason: errorText(err) }, 'the log of the group was not closed in order');
    }
    this.#teller.flush();
    this.#deps.onEnd();
  }
}

async function begin(
  deps: ThreadDeps,
  teller: Teller,
  made: { store?: RaftStore; wire?: Wire },
): Promise<ConsensusThread> {
  const { options } = deps;
  const opened = openStore(options.store);
  if (opened.kind === 'damaged')
    throw new OrchestratorError('RAFT_STORE_DAMAGED', opened.damage.map(damageText).join('; '));
  made.store = opened.store;
  let { identity } = opened;
  let thread: ConsensusThread | undefined;
  const wire = new Wire({
    bind: options.bind,
    clock: systemClock,
    log: teller.log,
    random: deps.random,
    settings: wireSettings(options.settings.electionTimeoutMs, options.maxMessageBytes),
    credentials: options.credentials,
    allowed: new AddressSpace(options.allowed),
    identity: () => wireIdentity(identity, options),
    veto: () => undefined,
    onMessage: (message) => thread?.hear(message),
    onBytes: (channel, peer, payload) => teller.tell({ kind: 'bytes', channel, peer, payload }),
  });
  made.wire = wire;
  await wire.start();
  const { recovered, ...belonging } = await belong({ ...opened, wire });
  identity = belonging.identity;
  const lastIndex = recovered.entries.at(-1)?.index ?? recovered.before.index;
  if (options.applied > lastIndex)
    throw new OrchestratorError(
      'RAFT_STORE_DAMAGED',
      `the log in ${options.store.directory} ends at entry ${lastIndex}, but the backend has applied entry ${options.applied}: the two do not belong together, or the log was cut`,
    );
  const moment = { nowMs: processMs(), wallMs: systemClock.nowMs(), random: deps.random() };
  const core = new RaftCore(options.settings, { ...recovered, applied: options.applied }, moment);
  thread = new ConsensusThread(deps, teller, { store: opened.store, wire, core });
  return thread;
}

function wireIdentity(identity: Identity, { clusterName, advertise, release, protocol }: ThreadOptions) {
  return {
    clusterName,
    clusterId: identity.clusterId ?? '',
    generation: identity.generation,
    node: identity.nodeId,
    incarnation: identity.incarnation,
    member: memberIdOf(identity),
    address: advertise,
    release,
    protocol,
  };
}

function follow(wire: Wire, { members }: Configuration): void {
  wire.configure(members.map(({ id, address }) => ({ id, address })));
}

function sameStandpoint(one: Standpoint, other: Standpoint): boolean {
  return (Object.keys(one) as (keyof Standpoint)[]).every((key) => one[key] === other[key]);
}

function tellFatal(teller: Teller, err: unknown): void {
  const code = err instanceof OrchestratorError ? err.code : 'STOPPED';
  teller.tell({ kind: 'fatal', code, message: errorText(err) });
}
