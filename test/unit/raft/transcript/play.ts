import { RaftCore } from '../../../../internal/raft/core/core.ts';
import type { Input, MembershipChange } from '../../../../internal/raft/core/inputs.ts';
import type { RaftMessage } from '../../../../internal/raft/core/messages.ts';
import { DEFAULT_SETTINGS, type RaftSettings } from '../../../../internal/raft/core/settings.ts';
import { foundingEntry, type LogEntry } from '../../../../internal/raft/core/types.ts';
import type { CoreClass } from '../../../sim/world.ts';
import { Actor, type Stage } from './actor.ts';
import { dataOf, memberText, messageText, parseConfiguration, parseEntry, parseMessage } from './words.ts';

const SETTINGS: RaftSettings = { ...DEFAULT_SETTINGS, heartbeatMs: 100, promotionLagEntries: 2, promotionHoldMs: 500 };

/** Plays the commands of one case, line by line. Whoever is not on the stage as an actor is played by the script itself. */
export class Play implements Stage {
  readonly #Core: CoreClass;
  readonly #actors = new Map<string, Actor>();
  #settings = SETTINGS;
  #nowMs = 0;
  #random = 0;
  #nextId = 0;
  #pending: RaftMessage[] = [];
  #lines: string[] = [];
  #hidden: readonly string[] = [];

  constructor(Core: CoreClass = RaftCore) {
    this.#Core = Core;
  }

  /** @returns what happened, in lines. */
  perform(command: string): readonly string[] {
    this.#lines = [];
    const [first = '', ...words] = command.split(/\s+/);
    const actor = this.#actors.get(first);
    if (/^\w+>\w+$/.test(first)) this.#receive(parseMessage(command));
    else if (actor !== undefined) this.#act(actor, words);
    else this.#direct(first, words);
    return this.#lines;
  }

  step(actor: Actor, input: Input) {
    return actor.core.step(this.#moment(), input);
  }

  send(message: RaftMessage): void {
    this.#pending.push(message);
  }

  note(line: string): void {
    if (!this.#hidden.some((word) => line.includes(word))) this.#lines.push(line);
  }

  #moment() {
    return { nowMs: this.#nowMs, wallMs: this.#nowMs, random: this.#random };
  }

  #receive(message: RaftMessage): void {
    this.#actors.get(message.to)?.take({ kind: 'message', message });
  }

  /** Commands to nobody in particular. */
  #direct(verb: string, words: readonly string[]): void {
    switch (verb) {
      case 'settings':
        for (const word of words) {
          const [name, value] = word.split('=');
          this.#settings = { ...this.#settings, [name!]: value === 'false' ? false : Number(value) };
        }
        return;
      case 'node':
        this.#enter(words);
        return;
      case 'elect':
      case 'seat':
        this.#elect(words[0]!, words.slice(2), verb === 'seat');
        this.#lines = [];
        return;
      case 'random':
        this.#random = Number(words[0]);
        return;
      case 'wait':
        this.#nowMs += Number(words[0]);
        return;
      case 'hide':
        this.#hidden = words;
        return;
      case 'deliver':
        this.#deliver(words);
        return;
      case 'lose':
        this.#pending = words.length === 0 ? [] : this.#pending.filter((message) => !matches(message, words));
        return;
      case 'show':
        for (const id of words) this.#lines.push(`${id} ${this.#actors.get(id)!.state}`);
        return;
      case 'log':
        for (const id of words) this.#lines.push(`${id}: ${this.#actors.get(id)!.entries}`);
        return;
      default:
        throw new Error(`"${verb}" is no command`);
    }
  }

  /** `node a {a b c} log 1 2 2 term 3 vote b applied 2`: the log by its terms, behind the founding entry; all but the name may be left out. */
  #enter(words: readonly string[]): void {
    const text = words.join(' ');
    const id = words[0]!;
    const members = /\{.*?\}/.exec(text)?.[0];
    const read = (name: string) => new RegExp(` ${name} (\\S+)`).exec(text)?.[1];
    const actor = new Actor(id, this);
    const { disk } = actor;
    if (members !== undefined) disk.entries = [foundingEntry(parseConfiguration(members), 0)];
    const listed = / entries (.*?)(?: term| vote| applied|$)/.exec(text)?.[1];
    if (listed !== undefined) disk.entries.push(...listed.split(', ').map(parseEntry));
    for (const term of / log ([\d ]+)/.exec(text)?.[1]?.trim().split(' ') ?? []) {
      disk.entries.push(plainEntry(disk.entries.length + 1, Number(term)));
    }
    disk.hardState = { term: Number(read('term') ?? disk.lastTerm), vote: read('vote') };
    disk.backend = { applied: Number(read('applied') ?? 0), hash: 0 };
    this.#start(actor);
    this.#actors.set(id, actor);
  }

  #start(actor: Actor): void {
    const { disk, id } = actor;
    const found = {
      self: id,
      hardState: disk.hardState,
      snapshot: disk.snapshot.meta,
      before: { index: disk.beforeIndex, term: disk.beforeTerm },
      entries: disk.entries,
      applied: disk.backend.applied,
      removed: disk.removed,
    };
    actor.begin(new this.#Core(this.#settings, found, this.#moment()));
  }

  /** Commands to one actor. */
  #act(actor: Actor, [verb = '', ...words]: readonly string[]): void {
    switch (verb) {
      case 'ticks':
        this.#tick(actor, Number(words[0] ?? 0));
        return;
      case 'restarts':
        this.#start(actor);
        return;
      case 'proposes':
        actor.take({
          kind: 'propose',
          proposals: words.map((word) => ({
            id: this.#id(),
            data: dataOf(word.replace('!', '')),
            urgent: word.startsWith('!'),
          })),
        });
        return;
      case 'reads':
        actor.take({ kind: 'read', id: this.#id() });
        return;
      case 'hands':
        actor.take({
          kind: 'transfer',
          id: this.#id(),
          target: words[1],
          preferred: [],
        });
        return;
      case 'prefers':
        actor.take({ kind: 'transfer', id: this.#id(), target: undefined, preferred: words });
        return;
      case 'changes':
        actor.take({ kind: 'change', id: this.#id(), change: parseChange(words) });
        return;
      case 'stands':
        actor.take({ kind: 'standing', standing: words[0] === 'ready' ? 'ready' : 'lastResort' });
        return;
      case 'snapshots':
        actor.snapshot(Number(words[0] ?? 100));
        return;
      case 'fails':
        actor.take({ kind: 'snapshotFailed' });
        return;
      case 'loads': {
        const [snapshotId, offset, length, to] = words as [string, string, string, string];
        const data = length === 'none' ? undefined : new Uint8Array(Number(length));
        actor.take({ kind: 'snapshotRead', to, snapshotId, offset: Number(offset), data });
        return;
      }
      case 'holds':
        actor.diskHeld ||= words.includes('disk');
        actor.applyHeld ||= words.includes('applying');
        return;
      case 'syncs':
        actor.sync(words[0] === undefined ? undefined : Number(words[0]));
        return;
      case 'applies':
        actor.apply();
        return;
      default:
        throw new Error(`"${actor.id} ${verb}" is no command`);
    }
  }

  /** `elect a by b` makes a leader without a word; `seat a by b` has them accept its no-op and answer a heartbeat, too. */
  #elect(id: string, voters: readonly string[], seated: boolean): void {
    const { core } = this.#actors.get(id)!;
    const say = (from: string, what: string) => this.#receive(parseMessage(`${from}>${id} t${core.term} ${what}`));
    while (core.role === 'follower') this.#tick(this.#actors.get(id)!, 100);
    for (const voter of voters) say(voter, `pre-vote for ${core.term + 1} yes`);
    for (const voter of voters) say(voter, 'vote yes');
    if (!seated) return;
    this.#tick(this.#actors.get(id)!, 0);
    for (const voter of voters) say(voter, `accepted ${core.log.lastIndex}`);
    for (const voter of voters) say(voter, 'heard 1');
    this.#pending = [];
  }

  /** Time passes for everyone, and this one looks at its clock every 100 ms. */
  #tick(actor: Actor, ms: number): void {
    let leftMs = ms;
    do {
      const stepMs = Math.min(100, leftMs);
      this.#nowMs += stepMs;
      leftMs -= stepMs;
      actor.take({ kind: 'tick' });
    } while (leftMs > 0);
  }

  /** What is on its way between actors, until nothing is; with words only those links or kinds, and only once. */
  #deliver(words: readonly string[]): void {
    if (words.length > 0) {
      const [chosen, rest] = [
        this.#pending.filter((message) => matches(message, words)),
        this.#pending.filter((message) => !matches(message, words)),
      ];
      this.#pending = rest;
      for (const message of chosen) this.#receive(message);
      return;
    }
    for (let rounds = 0; this.#pending.length > 0; rounds += 1) {
      if (rounds > 1000) throw new Error('messages without end');
      const wave = this.#pending;
      this.#pending = [];
      for (const message of wave) this.#receive(message);
    }
  }

  #id(): number {
    this.#nextId += 1;
    return this.#nextId;
  }
}

function plainEntry(index: number, term: number): LogEntry {
  return { index, term, stampMs: 0, kind: 'command', data: dataOf(`e${index}`) };
}

/** `a>b` and `>b` and `a>` and words of the message itself. */
function matches(message: RaftMessage, words: readonly string[]): boolean {
  const text = messageText(message);
  return words.some((word) => (word.startsWith('>') ? text.includes(`${word} `) : text.includes(word)));
}

function parseChange([kind, ...words]: readonly string[]): MembershipChange {
  const [first = '', second = ''] = words;
  switch (kind) {
    case 'add':
      return { kind, member: memberText(first) };
    case 'adds-observer':
      return { kind: 'add', member: { ...memberText(first), promote: false } };
    case 'replace':
      return { kind, old: first, member: memberText(second) };
    case 'reap':
      return { kind: 'remove', member: first, reaped: true };
    case 'remove':
    case 'promote':
    case 'demote':
      return { kind, member: first };
    case 'move':
      return { kind: 'update', member: { ...memberText(first), address: second } };
    case 'set': {
      const { voters, learners } = parseConfiguration(words.join(' '));
      return { kind, voters, learners };
    }
    default:
      throw new Error(`"${kind}" is no change`);
  }
}
