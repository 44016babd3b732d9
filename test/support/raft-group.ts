// Nodes of a group as the daemon runs them: threads, stores on disk, sockets on loopback. Each has an address of its own, so that none
// takes another's port.

import { randomBytes, randomInt } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_SETTINGS, type RaftSettings } from '../../internal/raft/core/settings.ts';
import { type Configuration, foundingEntry, type LogEntry, type SnapshotMeta } from '../../internal/raft/core/types.ts';
import type { Lookout } from '../../internal/raft/discovery/lookout.ts';
import type { CareSettings } from '../../internal/raft/membership/care.ts';
import type { Applied, StateMachine } from '../../internal/raft/node/group.ts';
import type { Waiting } from '../../internal/raft/node/protocol.ts';
import { RaftNode } from '../../internal/raft/node/raft-node.ts';
import type { FormingOptions, NodeOptions } from '../../internal/raft/node/thread-options.ts';
import { type Identity, memberIdOf } from '../../internal/raft/store/identity.ts';
import { openStore, type StoreOptions } from '../../internal/raft/store/raft-store.ts';
import { systemClock } from '../../internal/runtime/clock.ts';
import type { Log } from '../../internal/runtime/log.ts';
import { until } from './daemon.ts';
import { aWrite } from './raft-store.ts';

const PORT = 10_008;

/** Times of the real thing: the machine that tests run on is a busy one. */
export const TEST_SETTINGS: RaftSettings = { ...DEFAULT_SETTINGS, snapshotIntervalMs: 3_600_000 };

/** Writes down what it is told. What it holds is what a backend would. */
export class Notebook implements StateMachine {
  words: string[] = [];
  applied = 0;
  restored = 0;
  /** Held up where a test wants to see what happens meanwhile. */
  beforeSnapshot: Promise<void> = Promise.resolve();

  apply(entries: readonly LogEntry[]): Applied {
    const results = entries.map((entry) => {
      if (entry.kind === 'command') this.words.push(Buffer.from(entry.data).toString());
      this.applied = entry.index;
      return this.words.length;
    });
    return { results, durable: Promise.resolve() };
  }

  snapshot(): AsyncIterable<Uint8Array> {
    const text = this.words.join('\n');
    const { beforeSnapshot } = this;
    return (async function* () {
      await beforeSnapshot;
      for (let at = 0; at < text.length; at += 100_000) yield Buffer.from(text.slice(at, at + 100_000));
    })();
  }

  async restore({ index }: SnapshotMeta, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const pieces: Uint8Array[] = [];
    for await (const piece of bytes) pieces.push(piece);
    this.words = Buffer.concat(pieces).toString().split('\n');
    this.applied = index;
    this.restored += 1;
  }
}

export interface MemberOptions {
  readonly forming?: Partial<FormingOptions>;
  readonly care?: Partial<CareSettings>;
  readonly lookout?: Lookout;
  readonly settings?: Partial<RaftSettings>;
  readonly store?: Partial<StoreOptions>;
}

/** One member; its directory and its notebook outlive its runs. */
export class GroupMember {
  readonly id: string;
  readonly directory: string;
  readonly lines: string[] = [];
  readonly fatal: unknown[] = [];
  /** Why it belonged to no group yet. */
  readonly waited: Waiting[] = [];
  /** Whom it let go of, as the leader. */
  readonly reaped: string[] = [];
  /** Where it listens, and its entry in the list. */
  address: string;
  self: string;
  /** `RaftNodes`. */
  list: readonly string[];
  notebook = new Notebook();
  #node: RaftNode | undefined;
  #starting: Promise<RaftNode> | undefined;
  #leaving = new AbortController();
  readonly #identity: Identity;

  constructor(identity: Identity, parent: string) {
    this.#identity = identity;
    this.id = memberIdOf(identity);
    this.directory = join(parent, identity.nodeId);
    this.list = [identity.nodeId];
    this.address = identity.address;
    this.self = identity.nodeId;
  }

  /** Its disk is lost, and the backend with it. */
  wipe(): void {
    rmSync(this.directory, { recursive: true });
    this.notebook = new Notebook();
  }

  get node(): RaftNode {
    if (this.#node === undefined) throw new Error(`${this.id} does not run`);
    return this.#node;
  }

  get runs(): boolean {
    return this.#node !== undefined;
  }

  get leads(): boolean {
    return this.#node?.group.mayAct ?? false;
  }

  /** What formation leaves on disk. */
  found(configuration: Configuration): void {
    const opened = openStore({ directory: this.directory, fresh: this.#identity, reserveBytes: 0 });
    if (opened.kind === 'damaged') throw new Error(JSON.stringify(opened.damage));
    opened.store.write([
      aWrite({ append: [foundingEntry(configuration, 0)], hardState: { term: 1, vote: undefined } }),
    ]);
    opened.store.close();
  }

  options({ settings, store, forming, care = {} }: MemberOptions = {}): NodeOptions {
    const [host = ''] = this.address.split(':');
    const fresh = { ...this.#identity, incarnation: randomBytes(6).toString('hex') };
    return {
      store: { directory: this.directory, fresh, reserveBytes: 0, ...store },
      bind: { host, port: PORT },
      advertise: this.address,
      clusterName: 'orders',
      care: { minFreeBytes: 0, ...care },
      forming: {
        ...{ self: this.self, nodes: this.list.toSorted(), founders: this.list.toSorted() },
        ...{ finding: undefined, timeoutMs: 0, labels: {}, promote: true, ...forming },
      },
      release: '0.1.0',
      protocol: 1,
      credentials: { mode: 'none', anywhere: false },
      allowed: [],
      settings: { ...TEST_SETTINGS, ...settings },
      maxMessageBytes: 16 * 2 ** 20,
      applied: this.notebook.applied,
    };
  }

  /** Pending while it belongs to no group. */
  async start(options: MemberOptions = {}): Promise<RaftNode> {
    const note = (_fields: object, text: string) => void this.lines.push(text);
    const log: Log = { error: note, warn: note, info: note, debug: note };
    this.#leaving = new AbortController();
    this.#starting = RaftNode.start(this.options(options), {
      machine: this.notebook,
      clock: systemClock,
      log,
      proposalTimeoutMs: 5_000,
      onFatal: (err) => this.fatal.push(err),
      onWaiting: (waiting) => this.waited.push(waiting),
      onReaped: ({ member }) => this.reaped.push(member),
      signal: this.#leaving.signal,
      lookout: options.lookout,
    });
    this.#node = await this.#starting;
    return this.#node;
  }

  async stop(): Promise<void> {
    await this.#arrived();
    await this.#node?.stop();
    this.#node = undefined;
  }

  /** Whether it was let go. */
  async leave(): Promise<boolean> {
    const left = await this.node.leave();
    this.#node = undefined;
    return left;
  }

  async kill(): Promise<void> {
    await this.#arrived();
    await this.#node?.kill();
    this.#node = undefined;
  }

  /** Ends a start that is pending. */
  async #arrived(): Promise<void> {
    if (this.#node === undefined) this.#leaving.abort();
    await this.#starting?.catch(() => undefined);
  }
}

export class RealGroup {
  readonly members: readonly GroupMember[];
  readonly #directory = mkdtempSync(join(tmpdir(), 'raft-group-'));

  /** @param founded whether the group is on all disks; otherwise these are nodes with empty ones, who have each other in their lists */
  constructor(size: number, founded = true) {
    const net = `127.${randomInt(1, 255)}.${randomInt(1, 255)}`;
    const identities = Array.from({ length: size }, (_, at) => {
      const address = `${net}.${at + 1}:${PORT}`;
      if (!founded) return { clusterId: undefined, nodeId: address, incarnation: '', generation: 0, address };
      return { clusterId: 'c1', nodeId: `n${at + 1}`, incarnation: 'i1', generation: 1, address };
    });
    this.members = identities.map((identity) => new GroupMember(identity, this.#directory));
    if (!founded) {
      for (const member of this.members) member.list = this.members.map(({ address }) => address);
      return;
    }
    const founders: Configuration = {
      members: identities.map((identity) => ({
        id: memberIdOf(identity),
        node: identity.nodeId,
        incarnation: identity.incarnation,
        address: identity.address,
        labels: {},
        promote: true,
      })),
      voters: identities.map(memberIdOf),
      outgoing: [],
      learners: [],
      nextLearners: [],
      reaped: [],
    };
    for (const member of this.members) member.found(founders);
  }

  static async start(size: number, options: MemberOptions = {}): Promise<RealGroup> {
    const group = new RealGroup(size);
    await Promise.all(group.members.map((member) => member.start(options)));
    return group;
  }

  /** Who leads and may act, once somebody does. */
  leader(deadlineMs = 40_000): Promise<GroupMember> {
    return until('somebody leads', async () => this.members.find(({ leads }) => leads), deadlineMs);
  }

  async others(): Promise<readonly GroupMember[]> {
    const leader = await this.leader();
    return this.members.filter((member) => member !== leader);
  }

  /** To whoever leads, again where leadership moved meanwhile and it was not agreed on; each word is said once. */
  async say(word: string): Promise<unknown> {
    let asked = false;
    return until(`"${word}" is agreed on`, async () => {
      const { node, notebook } = await this.leader();
      if (asked) await node.group.confirm(); // all that was agreed on is known here
      const at = asked ? notebook.words.indexOf(word) : -1;
      if (at >= 0) return at + 1;
      asked = true;
      return node.group.propose(Buffer.from(word));
    });
  }

  /** All that run hold the same words. */
  async level(): Promise<readonly string[]> {
    const running = this.members.filter(({ runs }) => runs);
    return until('everybody holds the same', async () => {
      const [first, ...rest] = running.map(({ notebook }) => notebook.words);
      const last = Math.max(...running.map(({ node }) => node.group.standpoint.commit));
      const caughtUp = running.every(({ node }) => node.group.applied === last);
      return caughtUp && rest.every((words) => words.join() === first?.join()) ? first : undefined;
    });
  }

  async end(): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
