import type { Effects } from '../../internal/raft/core/effects.ts';
import { isQuorum } from '../../internal/raft/core/quorum.ts';
import type { Configuration, Index, LogEntry, MemberId, SnapshotMeta, Term } from '../../internal/raft/core/types.ts';
import type { SnapshotFile } from './disk.ts';
import { hashEntry } from './hash.ts';
import type { History } from './history.ts';
import type { Before, SimNode } from './node.ts';
import { demand, type Watcher } from './watcher.ts';

/** I-4, I-5, I-7 to I-10, I-14: what the logs hold, what is called committed, and what is made of it. */
export class WatchLog implements Watcher {
  readonly #history: History;
  readonly #nodes: ReadonlyMap<MemberId, SimNode>;
  /** For each index and term ever written: the entry, and the term before it. By induction, logs that share one share all before it. */
  readonly #written = new Map<string, { readonly hash: number; readonly termBefore: Term | undefined }>();

  constructor(history: History, nodes: ReadonlyMap<MemberId, SimNode>) {
    this.#history = history;
    this.#nodes = nodes;
  }

  stepped(node: SimNode, before: Before, _input: unknown, { write, apply }: Effects): void {
    const core = node.core!;
    if (write !== undefined) {
      if (write.truncateFrom !== undefined) this.#cut(node, before, write.truncateFrom);
      for (const entry of write.append) this.#appended(node, entry);
      if (write.compactTo !== undefined) this.#compacted(node, write.compactTo);
    }
    demand(
      core.commit >= before.commit,
      'I-10',
      () => `commit of ${node.id} went from ${before.commit} to ${core.commit}`,
    );
    if (core.commit > before.commit) this.#committed(node, before);
    for (const item of apply) if (item.kind === 'entries') this.#handedOut(node, item.entries);
  }

  crashed(): void {
    this.#stillThere('a crash');
  }

  applied(node: SimNode, entry: LogEntry): void {
    const { index } = entry;
    const chosen = this.#history.chosenAt(index);
    demand(chosen !== undefined, 'I-10', () => `${node.id} applies ${index}, which is not committed`);
    const { applied, hash } = node.disk.backend;
    demand(applied === index, 'I-10', () => `${node.id} applies ${index} twice or out of order`);
    demand(hash === chosen.stateHash, 'I-7', () => `the state of ${node.id} differs at ${index}`);
  }

  restored(node: SimNode, { index }: SnapshotMeta): void {
    const { backend, snapshot } = node.disk;
    demand(snapshot.meta.index >= index, 'I-14', () => `${node.id} loads snapshot ${index}, which is not on its disk`);
    demand(index > backend.applied, 'I-10', () => `${node.id} goes back from ${backend.applied} to snapshot ${index}`);
    this.#snapshotIsTrue(node, snapshot);
  }

  snapshotTaken(node: SimNode, file: SnapshotFile): void {
    this.#snapshotIsTrue(node, file);
  }

  #cut(node: SimNode, before: Before, from: Index): void {
    const { role, term } = node.core!;
    demand(
      role !== 'leader' || before.role !== 'leader' || before.term !== term,
      'I-4',
      () => `leader ${node.id} cuts its log at ${from}`,
    );
    demand(from > before.commit, 'I-9', () => `${node.id} cuts committed entry ${from}`);
  }

  #appended(node: SimNode, entry: LogEntry): void {
    const key = `${entry.index}@${entry.term}`;
    const { log } = node.core!;
    const termBefore = log.termAt(entry.index - 1);
    const stampBefore = log.entryAt(entry.index - 1)?.stampMs ?? 0;
    demand(entry.stampMs >= stampBefore, 'R-130', () => `the stamps of ${node.id} go back at ${entry.index}`);
    const hash = hashEntry(entry);
    const known = this.#written.get(key);
    if (known === undefined) {
      this.#written.set(key, { hash, termBefore });
      return;
    }
    const same = known.hash === hash && (known.termBefore === termBefore || termBefore === undefined);
    demand(same, 'I-5', () => `entry ${key} of ${node.id} differs from another node's, or follows on another entry`);
  }

  #compacted(node: SimNode, index: Index): void {
    const covered = node.disk.snapshot.meta.index;
    demand(
      index <= covered,
      'I-14',
      () => `${node.id} drops entries to ${index}, with a durable snapshot of ${covered}`,
    );
  }

  /** A leader says that something is committed: is it, durably, on a quorum of what its log says the group is? */
  #committed(node: SimNode, before: Before): void {
    const { role, term, commit, log } = node.core!;
    // A leader may find in the same step that with this its work is done.
    const leads = role === 'leader' || (before.role === 'leader' && before.term === term);
    for (let index = Math.max(before.commit + 1, log.firstIndex); index <= commit; index += 1) {
      const entry = log.entryAt(index)!;
      if (leads) this.#history.committed(entry, term, log.configuration);
      const chosen = this.#history.chosenAt(index);
      demand(chosen !== undefined, 'I-8', () => `${node.id} calls ${index} committed, which no leader has`);
      demand(
        hashEntry(chosen.entry) === hashEntry(entry),
        'I-7',
        () => `${node.id} calls another entry ${index} committed`,
      );
    }
    if (!leads) return;
    demand(
      log.termAt(commit) === term,
      'I-8',
      () => `${node.id} counts entry ${commit} of term ${log.termAt(commit)} in term ${term}`,
    );
    demand(this.#isDurable(log.configuration, commit, term), 'I-8', () => `${commit} is not durable on a quorum`);
  }

  #isDurable(configuration: Configuration, index: Index, term: Term): boolean {
    return isQuorum(configuration, (id) => this.#nodes.get(id)?.disk.holds(index, term) ?? false);
  }

  #handedOut(node: SimNode, entries: readonly LogEntry[]): void {
    const last = entries.at(-1)!;
    demand(last.index <= node.core!.commit, 'I-10', () => `${node.id} applies beyond its commit index`);
    demand(
      node.disk.holds(last.index, last.term),
      'I-10',
      () => `${node.id} applies ${last.index} before its log is durable`,
    );
  }

  /** Whatever was ever committed stays on a quorum. */
  #stillThere(after: string): void {
    const index = this.#history.chosenLast;
    const chosen = this.#history.chosenAt(index);
    if (chosen === undefined || chosen.entry.term !== chosen.inTerm) return;
    const { countedBy, entry } = chosen;
    demand(
      this.#isDurable(countedBy, index, entry.term),
      'I-9',
      () => `committed entry ${index} is off a quorum after ${after}`,
    );
  }

  #snapshotIsTrue(node: SimNode, { meta, stateHash }: SnapshotFile): void {
    const chosen = this.#history.chosenAt(meta.index);
    demand(chosen !== undefined, 'I-14', () => `${node.id} has a snapshot of ${meta.index}, which is not committed`);
    const same =
      chosen.stateHash === stateHash &&
      chosen.entry.term === meta.term &&
      chosen.configurationIndex === meta.configurationIndex;
    demand(same, 'I-14', () => `snapshot ${meta.id} of ${node.id} is not the state at ${meta.index}`);
  }
}
