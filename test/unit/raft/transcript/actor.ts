import type { RaftCore } from '../../../../internal/raft/core/core.ts';
import type { Applicable, Effects, Write } from '../../../../internal/raft/core/effects.ts';
import type { Input } from '../../../../internal/raft/core/inputs.ts';
import type { RaftMessage } from '../../../../internal/raft/core/messages.ts';
import type { SnapshotMeta, WriteId } from '../../../../internal/raft/core/types.ts';
import { NO_SNAPSHOT } from '../../../../internal/raft/core/types.ts';
import { Disk } from '../../../sim/disk.ts';
import { configurationText, entryText, messageText, snapshotText } from './words.ts';

/** What an actor needs from the stage: time, somewhere to send to, and paper to write on. */
export interface Stage {
  readonly step: (actor: Actor, input: Input) => Effects;
  readonly send: (message: RaftMessage) => void;
  readonly note: (line: string) => void;
}

/** One real core on the stage with a disk that the script can hold back. What it does is noted line by line. */
export class Actor {
  readonly id: string;
  readonly disk = new Disk();
  core!: RaftCore;
  diskHeld = false;
  applyHeld = false;
  readonly #stage: Stage;
  #writes: Write[] = [];
  #durable: WriteId = 0;
  #waiting: { readonly message: RaftMessage; readonly after: WriteId }[] = [];
  #applying: Applicable[] = [];
  #unsettled = 0;

  constructor(id: string, stage: Stage) {
    this.id = id;
    this.#stage = stage;
  }

  begin(core: RaftCore): void {
    this.core = core;
    this.#writes = [];
    this.#waiting = [];
    this.#durable = 0;
    this.#applying = [];
  }

  take(input: Input): void {
    this.#unsettled += 1;
    const effects = this.#stage.step(this, input);
    this.#note(effects);
    for (const { snapshot } of effects.stage) this.disk.received.set(snapshot.id, { meta: snapshot, stateHash: 0 });
    if (effects.write !== undefined) this.#writes.push(effects.write);
    for (const { message, after } of effects.send) {
      if (after > this.#durable && this.diskHeld) this.#stage.note(`${messageText(message)} (after write ${after})`);
      if (after > this.#durable) this.#waiting.push({ message, after });
      else this.#leave(message);
    }
    this.#applying.push(...effects.apply);
    this.#unsettled -= 1;
    if (this.#unsettled === 0) this.#settle();
  }

  /** The disk catches up, with all that waits or the first few, and says so. */
  sync(count = this.#writes.length): void {
    const done = this.#writes.splice(0, count);
    if (done.length === 0) return;
    for (const each of done) this.disk.commit(each);
    const write = done.at(-1)!.id;
    this.#durable = write;
    const ready = this.#waiting.filter(({ after }) => after <= write);
    this.#waiting = this.#waiting.filter(({ after }) => after > write);
    for (const { message } of ready) this.#leave(message);
    this.take({ kind: 'persisted', write });
  }

  /** The state machine catches up, durably, and says so. */
  apply(): void {
    const item = this.#applying.at(-1);
    if (item === undefined) return;
    this.#applying = [];
    const applied = item.kind === 'restore' ? item.snapshot.index : item.entries.at(-1)!.index;
    this.disk.backend = { applied, hash: 0 };
    this.take({ kind: 'applied', index: applied });
  }

  /** A snapshot of what is applied, durable at once. */
  snapshot(bytes: number): void {
    const { applied } = this.disk.backend;
    const meta: SnapshotMeta = { ...this.core.describeSnapshot(applied), id: `s${applied}`, bytes };
    this.disk.keep({ meta, stateHash: 0 });
    this.take({ kind: 'snapshotTaken', snapshot: meta });
  }

  get state(): string {
    const { role, term, commit, log, leader, leaseUntilMs } = this.core;
    const follows = role === 'follower' && leader !== undefined ? ` of ${leader}` : '';
    const lease = leaseUntilMs === undefined ? '' : ` lease until ${Math.round(leaseUntilMs)}`;
    const snapshot = log.snapshot === NO_SNAPSHOT ? '' : ` snapshot ${log.snapshot.index}`;
    return `${role}${follows} t${term} log ${log.lastIndex}/${log.lastTerm} commit ${commit} applied ${this.disk.backend.applied}${snapshot}${lease} ${configurationText(log.configuration)}`;
  }

  get entries(): string {
    const { log } = this.core;
    return log.slice(log.firstIndex, log.lastIndex).map(entryText).join(', ');
  }

  #leave(message: RaftMessage): void {
    this.#stage.note(messageText(message));
    this.#stage.send(message);
  }

  #settle(): void {
    if (!this.diskHeld && this.#writes.length > 0) this.sync();
    else if (!this.applyHeld) this.apply();
  }

  #note({ write, apply, answers, events, readSnapshot, takeSnapshot }: Effects): void {
    const say = (what: string) => this.#stage.note(`${this.id} ${what}`);
    for (const event of events) {
      if (event.kind === 'role') say(`is ${event.role}, term ${event.term}, leader ${event.leader ?? 'unknown'}`);
      else if (event.kind === 'configuration') say(`counts by ${configurationText(event.configuration)}`);
      else say(event.kind === 'inOffice' ? 'is in office' : 'knows that it is removed');
    }
    if (write !== undefined) say(`writes ${writeText(write)}`);
    for (const item of apply) {
      say(
        item.kind === 'restore'
          ? `loads ${snapshotText(item.snapshot)}`
          : `applies ${item.entries.map(entryText).join(', ')}`,
      );
    }
    for (const answer of answers) {
      if (answer.kind === 'appended') say(`answers ${answer.id}: appended at ${answer.index}/${answer.term}`);
      else if (answer.kind === 'readable') say(`answers ${answer.id}: readable at ${answer.index}`);
      else if (answer.kind === 'transferred') say(`answers ${answer.id}: transferred`);
      else
        say(`answers ${answer.id}: ${answer.reason}${answer.leader === undefined ? '' : `, leader ${answer.leader}`}`);
    }
    for (const { to, snapshotId, offset, length } of readSnapshot)
      say(`reads ${snapshotId} from ${offset} length ${length} for ${to}`);
    if (takeSnapshot !== undefined) say(`wants a snapshot at ${takeSnapshot}`);
  }
}

function writeText({ id, hardState, install, truncateFrom, append, compactTo, removed }: Write): string {
  const parts = [
    hardState && `term ${hardState.term} vote ${hardState.vote === '' ? 'spent' : (hardState.vote ?? 'none')}`,
    install && `snapshot ${install.snapshot.id}${install.keepLog ? ' and keeps the log' : ''}`,
    truncateFrom !== undefined && `cut from ${truncateFrom}`,
    append.length > 0 && append.map(entryText).join(', '),
    compactTo !== undefined && `drop to ${compactTo}`,
    removed && 'removal',
  ];
  return `${id}: ${parts.filter(Boolean).join('; ')}`;
}
