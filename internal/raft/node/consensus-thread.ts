// All of a node that runs on the consensus thread: store, wire, core and what drives them by time. It does nothing else, so that neither a
// large answer of the API nor a slow look-up can hold up a heartbeat.

import { type Clock, systemClock } from '../../runtime/clock.ts';
import { errorText } from '../../runtime/errors.ts';
import { formatAddress } from '../address.ts';
import type { RaftCore } from '../core/core.ts';
import type { Moment } from '../core/inputs.ts';
import type { RaftMessage } from '../core/messages.ts';
import type { Configuration, Index } from '../core/types.ts';
import type { Seat } from '../membership/seat.ts';
import type { BackupHead } from '../rescue/backup-file.ts';
import type { RaftStore } from '../store/raft-store.ts';
import type { Identity } from '../wire/hello.ts';
import type { Wire } from '../wire/wire.ts';
import { type Belonging, othersOf } from './belonging.ts';
import { Doorkeeper } from './doorkeeper.ts';
import { Driver } from './driver.ts';
import { endNews, removedFromGroup } from './ends.ts';
import { processMs, SharedLease } from './lease.ts';
import { MainWatch } from './main-watch.ts';
import { Meetings } from './meetings.ts';
import { OwnChanges } from './own-changes.ts';
import type { Host, Outcome } from './ports.ts';
import type { Order, Standpoint } from './protocol.ts';
import { Registrar } from './registrar.ts';
import { SnapshotDesk } from './snapshot-desk.ts';
import { type Concern, Standings } from './standing.ts';
import { threadStatus } from './status.ts';
import type { Teller } from './teller.ts';
import type { ThreadDeps } from './thread-options.ts';

const TICKS_PER_HEARTBEAT = 3;
/** How long somebody is dialled to find out who is there. */
const MEETING_TIMEOUTS = 3;
const FULL_RETRY_MS = 250;
/** A full disk asks for a snapshot, which shortens the log, no more often than once in so many election time-outs. */
const RELIEF_PAUSE_TIMEOUTS = 5;

interface Parts {
  readonly store: RaftStore;
  readonly wire: Wire;
  readonly core: RaftCore;
  readonly belonging: Belonging;
  readonly seat: Seat;
  readonly keepSeat: (seat: Seat) => Outcome;
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
  readonly #changes = new OwnChanges((input) => this.#driver.take(input));
  readonly #meetings: Meetings;
  readonly #registrar: Registrar;
  readonly #watch: MainWatch;
  readonly #stopTicking: () => void;
  #standpoint: Standpoint;
  #relievedMs = Number.NEGATIVE_INFINITY;
  /** The group has told it so; once that is on the disk, it ends. */
  #removed = false;
  #ended = false;

  constructor(deps: ThreadDeps, teller: Teller, parts: Parts) {
    const { settings, lease, advertise, forming } = deps.options;
    const { core, store, wire, belonging } = parts;
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
      peers: { send: (message) => wire.send(message), follow: (configuration) => this.#follow(configuration) },
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
    const doorkeeper = new Doorkeeper({ core, wire, log: teller.log, changes: this.#changes });
    belonging.onKnock = (knocker) => doorkeeper.knock(knocker);
    this.#meetings = new Meetings({
      wire: () => wire,
      own: advertise,
      patienceMs: MEETING_TIMEOUTS * settings.electionTimeoutMs,
      nowMs: processMs,
      onChanged: () => this.#follow(core.log.configuration),
    });
    this.#registrar = new Registrar({
      ...{ core, wire, log: teller.log, changes: this.#changes, meetings: this.#meetings, nowMs: processMs },
      own: { address: advertise, labels: forming.labels },
      seat: parts.seat,
      keepSeat: parts.keepSeat,
      maxVoters: settings.maxVoters,
      periodMs: settings.electionTimeoutMs,
      knock: () => belonging.knock(this.#everybody()),
      tellOf: (address) => belonging.tellOf(address),
      onOutsider: (member) => this.#driver.take({ kind: 'outsider', member }),
    });
    this.#follow(core.log.configuration);
    this.#teller.tell({ kind: 'ready', standpoint: this.#standpoint });
    this.#stopTicking = this.#clock.every(tickMs, () => this.#orFatal(() => this.#tick()));
    this.#driver.take({ kind: 'tick' });
  }

  hear(message: RaftMessage): void {
    this.#driver.take({ kind: 'message', message });
  }

  /** @throws {WireFault} these bytes are nothing that a node says */
  hearOf(peer: Identity, payload: Uint8Array): void {
    this.#registrar.hear(peer, payload);
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
    const asked = answers.filter((answer) => !this.#changes.answered(answer));
    if (asked.length > 0) this.#teller.tell({ kind: 'answers', answers: asked });
  }

  event(event: Parameters<Host['event']>[0]): void {
    if (event.kind === 'removed') this.#removed = true;
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
    if (this.#removed && this.#driver.durable) {
      this.#fatal(removedFromGroup(this.#deps.options.store.directory));
      return;
    }
    this.#registrar.remember();
    const standpoint = this.#stand();
    if (sameStandpoint(standpoint, this.#standpoint)) return;
    this.#standpoint = standpoint;
    this.#teller.tell({ kind: 'standpoint', standpoint });
  }

  /** Members, and those of the list that are none: a member may have moved to such a place, and whoever is blank there calls. */
  #follow({ members }: Configuration): void {
    const { wire, belonging } = this.#parts;
    wire.configure(members.map(({ id, address }) => ({ id, address })));
    const theirs = new Set(members.map(({ address }) => address));
    const others = othersOf(this.#deps.options, belonging.identity);
    wire.seek([...others.filter((address) => !theirs.has(formatAddress(address))), ...this.#meetings.addresses]);
  }

  #everybody(): readonly string[] {
    const { core, belonging } = this.#parts;
    const members = core.log.configuration.members.filter(({ id }) => id !== core.self).map(({ address }) => address);
    return [...new Set([...members, ...othersOf(this.#deps.options, belonging.identity).map(formatAddress)])];
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
      case 'describe':
        this.#teller.tell({ kind: 'described', id: order.id, head: this.#describe(order.index) });
        return;
      case 'meet':
        this.#meetings.ask(order.address, (met) => this.#teller.tell({ kind: 'met', id: order.id, met }));
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

  #describe(index: Index): Omit<BackupHead, 'takenMs'> | undefined {
    const { core, belonging } = this.#parts;
    const { nodeId: node, clusterId = '', generation } = belonging.identity;
    const { snapshot } = core.log;
    const place = index === snapshot.index ? snapshot : core.log.entryAt(index);
    return place && { node, clusterId, generation, index, term: place.term, stampMs: place.stampMs };
  }

  #tick(): void {
    this.#mainStuck(this.#watch.tick(processMs()));
    this.#desk.retry();
    this.#relieve();
    this.#meetings.tick();
    this.#registrar.tick();
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
    const lists = this.#registrar.status;
    return threadStatus({ core, wire, concerns, lists, nowMs: processMs(), wireNowMs: this.#clock.monotonicMs() });
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
    this.#teller.tell(endNews(err));
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

function sameStandpoint(one: Standpoint, other: Standpoint): boolean {
  return (Object.keys(one) as (keyof Standpoint)[]).every((key) => one[key] === other[key]);
}
