import type { RaftCore } from '../../internal/raft/core/core.ts';
import type { Applicable, Effects, Role, Write } from '../../internal/raft/core/effects.ts';
import type { Input, Moment } from '../../internal/raft/core/inputs.ts';
import type { RaftMessage } from '../../internal/raft/core/messages.ts';
import type { RaftSettings } from '../../internal/raft/core/settings.ts';
import type { Index, MemberId, SnapshotMeta, Term, WriteId } from '../../internal/raft/core/types.ts';
import { Disk, type SnapshotFile } from './disk.ts';
import { hashEntry, mix } from './hash.ts';
import type { World } from './world.ts';

/** What a node was before a step, for those who watch. */
export interface Before {
  readonly term: Term;
  readonly role: Role;
  readonly commit: Index;
  readonly configurationIndex: Index;
}

/** One process with its disk and clock: the shell around the core, as the real one will be, with faults in between. */
export class SimNode {
  readonly id: MemberId;
  readonly settings: RaftSettings;
  readonly disk = new Disk();
  core: RaftCore | undefined;
  /** Counts starts; what was planned for an earlier one does not happen. */
  boot = 0;
  paused = false;
  /** Left the group for good, by its own knowledge or because its disk was wiped. */
  gone = false;
  /** How fast its clock runs, and by how much it is off; the wall clock jumps besides. */
  rate = 1;
  offsetMs = 0;
  wallMs = 0;

  readonly #world: World;
  #waiting: (() => void)[] = [];
  #writes: Write[] = [];
  #writing = false;
  #durable: WriteId = 0;
  #held: { readonly message: RaftMessage; readonly after: WriteId }[] = [];
  #applying: Applicable[] = [];
  #staged: { id: string; bytes: number } | undefined;

  constructor(world: World, id: MemberId) {
    this.#world = world;
    this.id = id;
    this.settings = world.plan.settings;
  }

  get alive(): boolean {
    return this.core !== undefined;
  }

  get nowMs(): number {
    return this.offsetMs + this.#world.timeline.nowMs * this.rate;
  }

  moment(): Moment {
    const nowMs = this.nowMs;
    return {
      nowMs,
      wallMs: Math.round(nowMs + this.wallMs),
      random: this.#world.random.next() * this.#world.plan.spread,
    };
  }

  start(): void {
    const { disk } = this;
    this.boot += 1;
    this.core = this.#world.newCore(
      {
        self: this.id,
        hardState: disk.hardState,
        snapshot: disk.snapshot.meta,
        before: { index: disk.beforeIndex, term: disk.beforeTerm },
        entries: disk.entries,
        applied: disk.backend.applied,
        removed: disk.removed,
      },
      this.moment(),
    );
    this.#world.watch((watcher) => watcher.started?.(this));
    this.#tick();
  }

  /** Memory is gone; of the writes under way the first few may have reached the disk. */
  crash(): void {
    const { random } = this.#world;
    for (const write of this.#writes.slice(0, random.whole(0, this.#writes.length))) this.disk.commit(write);
    this.core = undefined;
    this.paused = false;
    this.#waiting = [];
    this.#writes = [];
    this.#writing = false;
    this.#durable = 0;
    this.#held = [];
    this.#applying = [];
    this.#staged = undefined;
    this.#world.watch((watcher) => watcher.crashed?.(this));
  }

  resume(): void {
    this.paused = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const happen of waiting) happen();
  }

  /** Something happens to this process, now or when it goes on; not at all if it has ended since. */
  later(delayMs: number, happen: () => void): void {
    const { boot } = this;
    const arrive = () => {
      if (this.boot !== boot || !this.alive) return;
      if (this.paused) this.#waiting.push(arrive);
      else happen();
    };
    this.#world.timeline.after(delayMs, arrive);
  }

  step(input: Input): void {
    const core = this.core!;
    const before = {
      term: core.term,
      role: core.role,
      commit: core.commit,
      configurationIndex: core.log.configurationIndex,
    };
    const effects = core.step(this.moment(), input);
    this.#world.watch((watcher) => watcher.stepped?.(this, before, input, effects));
    this.#perform(effects);
  }

  /** In the order that the shell owes the core. A crash may come between any two parts of it. */
  #perform(effects: Effects): void {
    const { boot } = this;
    const world = this.#world;
    const survives = () => {
      if (this.boot === boot && this.alive && world.crashesNow()) world.crash(this);
      return this.boot === boot && this.alive;
    };
    for (const { snapshot, offset, data } of effects.stage) this.#stage(snapshot, offset, data.length);
    if (effects.write !== undefined) {
      this.#writes.push(effects.write);
      this.#writeNext();
      if (!survives()) return;
    }
    for (const { message, after } of effects.send) {
      if (after > this.#durable) this.#held.push({ message, after });
      else world.send(this, message);
    }
    if (effects.send.length > 0 && !survives()) return;
    if (effects.apply.length > 0) this.#apply(effects.apply);
    for (const answer of effects.answers) world.answered(this, answer);
    for (const event of effects.events) if (event.kind === 'removed') this.#leave();
    for (const { to, snapshotId, offset, length } of effects.readSnapshot)
      this.#readSnapshot(to, snapshotId, offset, length);
    if (effects.takeSnapshot !== undefined) this.#takeSnapshot();
  }

  #tick(): void {
    this.later(this.#world.plan.tickMs * this.#world.random.between(0.8, 1.2), () => {
      this.step({ kind: 'tick' });
      if (this.alive) this.#tick();
    });
  }

  /** All writes that wait share one sync. */
  #writeNext(): void {
    if (this.#writing || this.#writes.length === 0) return;
    this.#writing = true;
    const batch = this.#writes.length;
    this.#world.timeline.after(
      this.#world.syncMs(),
      this.#whileBooted(() => this.#synced(batch)),
    );
  }

  #synced(batch: number): void {
    this.#writing = false;
    const done = this.#writes.splice(0, batch);
    for (const write of done) this.disk.commit(write);
    this.#durable = done.at(-1)!.id;
    this.#writeNext();
    const durable = this.#durable;
    this.later(0, () => {
      for (const { message, after } of this.#held) if (after <= durable) this.#world.send(this, message);
      this.#held = this.#held.filter(({ after }) => after > durable);
      this.step({ kind: 'persisted', write: durable });
    });
  }

  /** The kernel goes on with what a paused process has asked of it. */
  #whileBooted(happen: () => void): () => void {
    const { boot } = this;
    return () => {
      if (this.boot === boot && this.alive) happen();
    };
  }

  #apply(items: readonly Applicable[]): void {
    const idle = this.#applying.length === 0;
    this.#applying.push(...items);
    if (idle) this.later(this.#world.applyMs(), () => this.#applyAll());
  }

  #applyAll(): void {
    const items = this.#applying;
    this.#applying = [];
    for (const item of items) {
      if (item.kind === 'restore') {
        const { meta, stateHash } = this.disk.snapshot;
        this.#world.watch((watcher) => watcher.restored?.(this, item.snapshot));
        this.disk.backend = { applied: meta.index, hash: stateHash };
        continue;
      }
      for (const entry of item.entries) {
        this.disk.backend = { applied: entry.index, hash: mix(this.disk.backend.hash, hashEntry(entry)) };
        this.#world.watch((watcher) => watcher.applied?.(this, entry));
      }
    }
    this.step({ kind: 'applied', index: this.disk.backend.applied });
  }

  #stage({ id, bytes, ...meta }: SnapshotMeta, offset: number, length: number): void {
    if (offset === 0) this.#staged = { id, bytes: 0 };
    if (this.#staged?.id !== id || this.#staged.bytes !== offset) throw new Error('chunks are staged in order');
    this.#staged.bytes += length;
    if (this.#staged.bytes < bytes) return;
    this.disk.received.set(id, this.#world.snapshotFile({ id, bytes, ...meta }));
    this.#staged = undefined;
  }

  #readSnapshot(to: MemberId, snapshotId: string, offset: number, length: number): void {
    this.later(this.#world.syncMs(), () => {
      const there = this.disk.kept.includes(snapshotId);
      this.step({ kind: 'snapshotRead', to, snapshotId, offset, data: there ? new Uint8Array(length) : undefined });
    });
  }

  #takeSnapshot(): void {
    const { applied, hash } = this.disk.backend;
    const world = this.#world;
    const described = this.core!.describeSnapshot(applied);
    this.later(world.syncMs() * 3, () => {
      if (world.random.chance(0.05) || applied <= this.disk.snapshot.meta.index) {
        this.step({ kind: 'snapshotFailed' });
        return;
      }
      const meta = {
        ...described,
        id: `${this.id}/${this.boot}/${applied}`,
        bytes: world.random.whole(0, 5 * this.settings.chunkBytes),
      };
      const file: SnapshotFile = { meta, stateHash: hash };
      world.keep(file);
      this.disk.keep(file);
      world.watch((watcher) => watcher.snapshotTaken?.(this, file));
      this.step({ kind: 'snapshotTaken', snapshot: meta });
    });
  }

  #leave(): void {
    this.gone = true;
    this.#world.crash(this);
  }
}
