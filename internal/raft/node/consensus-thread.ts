// All of a node that runs on the consensus thread: store, wire, core and what drives them by time. It does nothing else, so that neither a
// large answer of the API nor a slow look-up can hold up a heartbeat.

import { type Clock, systemClock } from '../../runtime/clock.ts';
import { errorText } from '../../runtime/errors.ts';
import type { RaftCore } from '../core/core.ts';
import type { Moment } from '../core/inputs.ts';
import type { RaftMessage } from '../core/messages.ts';
import type { Index, MemberId } from '../core/types.ts';
import { DEFAULT_CARE } from '../membership/care.ts';
import type { Seat } from '../membership/seat.ts';
import type { BackupHead } from '../rescue/backup-file.ts';
import type { RaftStore } from '../store/raft-store.ts';
import type { Identity } from '../wire/hello.ts';
import type { Wire } from '../wire/wire.ts';
import type { Belonging } from './belonging.ts';
import { DiskCare } from './disk-care.ts';
import { Driver } from './driver.ts';
import { Duties } from './duties.ts';
import { endNews, reapedFromGroup, removedFromGroup } from './ends.ts';
import { processMs, SharedLease } from './lease.ts';
import { MainWatch } from './main-watch.ts';
import type { Host, Outcome } from './ports.ts';
import type { Order, Standpoint } from './protocol.ts';
import { SnapshotDesk } from './snapshot-desk.ts';
import { type Concern, Standings } from './standing.ts';
import { threadStatus } from './status.ts';
import type { Teller } from './teller.ts';
import type { ThreadDeps } from './thread-options.ts';

const TICKS_PER_HEARTBEAT = 3;
const FULL_RETRY_MS = 250;
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
  readonly #duties: Duties;
  readonly #disk: DiskCare;
  #busy = false;
  readonly #watch: MainWatch;
  readonly #stopTicking: () => void;
  #standpoint: Standpoint;
  /** The group has told it so; once that is on the disk, it ends. */
  #removed: 'told' | 'reaped' | undefined;
  #ended = false;

  constructor(deps: ThreadDeps, teller: Teller, parts: Parts) {
    const {
      settings,
      lease,
      care,
      store: { directory },
    } = deps.options;
    const { core, store, wire } = parts;
    this.#deps = deps;
    this.#teller = teller;
    this.#parts = parts;
    this.#lease = new SharedLease(lease);
    this.#driver = new Driver({
      core,
      store: {
        write: (writes) => this.#disk.timed(() => store.write(writes)),
        stage: (chunk) => store.stage(chunk),
        readChunk: (request) => this.#desk.read(request),
        upkeep: () => store.upkeep(),
      },
      peers: { send: (message) => wire.send(message), follow: (configuration) => this.#duties.follow(configuration) },
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
    this.#disk = new DiskCare({
      ...{ core, log: teller.log, directory: directory, nowMs: processMs },
      freeBytes: () => store.freeBytes,
      minFreeBytes: care?.minFreeBytes ?? DEFAULT_CARE.minFreeBytes,
      electionTimeoutMs: settings.electionTimeoutMs,
      takeSnapshot: () => this.takeSnapshot(),
      onConcern: (concern, present) => this.#concern(concern, present),
    });
    this.#duties = new Duties({
      ...{ ...parts, options: deps.options, log: teller.log },
      take: (input) => this.#driver.take(input),
      hands: () => (this.#busy || this.#standings.standing !== 'ready' ? 'bound' : 'free'),
      onReaped: (reaped) => teller.tell({ kind: 'reaped', reaped }),
    });
    this.#teller.tell({ kind: 'ready', standpoint: this.#standpoint });
    this.#stopTicking = this.#clock.every(tickMs, () => this.#orFatal(() => this.#tick()));
    this.#driver.take({ kind: 'tick' });
  }

  hear(message: RaftMessage): void {
    this.#driver.take({ kind: 'message', message });
  }

  /** @throws {WireFault} these bytes are nothing that a node says */
  hearOf(peer: Identity, payload: Uint8Array): void {
    this.#duties.hear(peer, payload);
  }

  /** Why a node that otherwise belongs here is not let in. */
  veto(peer: MemberId): string | undefined {
    return this.#duties.veto(peer);
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
    const asked = answers.filter((answer) => !this.#duties.answered(answer));
    if (asked.length > 0) this.#teller.tell({ kind: 'answers', answers: asked });
  }

  event(event: Parameters<Host['event']>[0]): void {
    if (event.kind === 'removed') {
      this.#removed = event.reaped ? 'reaped' : 'told';
      if (event.reaped) this.#duties.letGo();
    }
    this.#teller.tell({ kind: 'event', event });
  }

  takeSnapshot(): void {
    this.#teller.tell({ kind: 'takeSnapshot' });
  }

  disk(outcome: Outcome): void {
    this.#disk.concern('disk', outcome === 'full');
  }

  turned(): void {
    if (this.#removed !== undefined && this.#driver.durable) {
      const { directory } = this.#deps.options.store;
      this.#fatal(this.#removed === 'reaped' ? reapedFromGroup(directory) : removedFromGroup(directory));
      return;
    }
    this.#duties.turned();
    const standpoint = this.#stand();
    this.#parts.wire.be(standpoint.inOffice ? 'patient' : 'eager');
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
      case 'describe':
        this.#teller.tell({ kind: 'described', id: order.id, head: this.#describe(order.index) });
        return;
      case 'busy':
        this.#busy = order.busy;
        return;
      case 'meet':
        this.#duties.meet(order.address, (met) => this.#teller.tell({ kind: 'met', id: order.id, met }));
        return;
      case 'bytes':
        this.#parts.wire.sendBytes(order.to, order.channel, order.payload);
        return;
      case 'candidates':
        this.#parts.belonging.heed(order);
        this.#duties.found();
        return;
      case 'claimed':
        return; // the group is there
      case 'renew':
        this.#parts.wire.renew(order.credentials);
        return;
      case 'leave':
        this.#duties.leave();
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
    this.#disk.tick();
    this.#duties.tick();
    this.#driver.take({ kind: 'tick' });
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
    const { lists } = this.#duties;
    return threadStatus({
      core,
      wire,
      concerns,
      lists,
      storage: this.#disk.watch.reading,
      nowMs: processMs(),
      wireNowMs: this.#clock.monotonicMs(),
    });
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
