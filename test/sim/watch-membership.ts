import type { Effects } from '../../internal/raft/core/effects.ts';
import type { Input } from '../../internal/raft/core/inputs.ts';
import type { AppendAccepted } from '../../internal/raft/core/messages.ts';
import { isQuorum, votersOf } from '../../internal/raft/core/quorum.ts';
import type { Configuration, Index, LogEntry } from '../../internal/raft/core/types.ts';
import type { Before, SimNode } from './node.ts';
import { demand, type Watcher } from './watcher.ts';

type Placed = Extract<LogEntry, { kind: 'configuration' }>;

/** I-12 and I-26: how the group may change, and what a leader may pile up. */
export class WatchMembership implements Watcher {
  readonly #known = new Map<string, Index>();
  readonly #count: (what: string) => void;

  constructor(count: (what: string) => void) {
    this.#count = count;
  }

  stepped(node: SimNode, before: Before, input: Input, { write, answers }: Effects): void {
    const { office } = node.core!;
    if (office === undefined) return;
    for (const entry of write?.append ?? [])
      if (entry.kind === 'configuration') {
        this.#changed(node, before, entry);
        if (input.kind === 'tick') this.#spreads(node, entry);
      }
    const { settings } = node;
    for (const [id, { inflightMessages, inflightBytes }] of office.progress) {
      const bounded = inflightMessages <= settings.maxInflightMessages;
      demand(bounded, 'I-26', () => `${inflightMessages} messages are under way to ${id}`);
      const most = settings.maxInflightBytes + settings.maxBatchBytes + 8192;
      demand(inflightBytes <= most, 'I-26', () => `${inflightBytes} bytes are under way to ${id}`);
    }
    demand(office.reads.length <= settings.maxPendingReads, 'I-26', () => `${office.reads.length} reads wait`);
    const behind = node.core!.log.lastIndex - node.core!.commit;
    demand(
      office.backlogEntries === behind,
      'I-26',
      () => `${office.backlogEntries} entries are counted as waiting, of ${behind}`,
    );
    if (input.kind === 'propose' && answers.some(({ kind }) => kind === 'appended')) {
      const bounded =
        behind <= settings.maxUncommittedEntries &&
        office.backlogBytes <= settings.maxUncommittedBytes + settings.maxEntryBytes;
      demand(bounded, 'I-26', () => `${behind} entries wait for a quorum`);
    }
    if (input.kind === 'message' && input.message.kind === 'appendAccepted') this.#matches(node, input.message);
    demand(office.backlogBytes >= 0, 'I-26', () => `${office.backlogBytes} bytes are counted as waiting`);
  }

  /** What a leader takes for a member's match point only rises: what was durable there stays. */
  #matches(node: SimNode, { from, matchIndex, term }: AppendAccepted): void {
    if (term !== node.core!.term) return;
    const match = node.core!.office!.progress.get(from)?.match;
    demand(match === undefined || match >= matchIndex, 'I-8', () => `${node.id} loses sight of what ${from} holds`);
    const key = `${node.id}/${term}/${from}`;
    demand(
      match === undefined || match >= (this.#known.get(key) ?? 0),
      'I-8',
      () => `${node.id} takes back what ${from} holds`,
    );
    if (match !== undefined) this.#known.set(key, match);
  }

  /** What a leader exchanges by itself leaves fewer votes in the fullest zone (F-61). */
  #spreads(node: SimNode, { index, configuration }: Placed): void {
    const { configuration: previous } = node.core!.log.configurationAt(index - 1);
    if (configuration.outgoing.length === 0 || previous.outgoing.length > 0) return;
    const [before, after] = [fullestZone(previous), fullestZone(configuration)];
    demand(after < before, 'F-61', () => `${node.id} exchanges votes: ${after} in one zone, formerly ${before}`);
    this.#count('votes exchanged for their spread');
  }

  /** `before` of the step holds the commit index that permitted it; the step itself may have raised it. */
  #changed(node: SimNode, before: Before, { index, configuration }: Placed): void {
    const { log, commit, office } = node.core!;
    const previous = log.configurationAt(index - 1);
    demand(
      previous.index <= commit,
      'I-12',
      () => `${node.id} changes the group at ${index} while ${previous.index} is not committed`,
    );
    demand(
      commit >= office!.firstIndex,
      'I-12',
      () => `${node.id} changes the group before its first commit (${before.commit})`,
    );
    demand(
      alwaysMeet(previous.configuration, configuration),
      'I-12',
      () => `two majorities around ${index} need not share a voter`,
    );
    const added = configuration.voters.filter((id) => !votersOf(previous.configuration).includes(id));
    for (const id of added) {
      const lag = index - 1 - (office!.progress.get(id)?.match ?? 0);
      demand(lag <= node.settings.promotionLagEntries, 'I-12', () => `${id} becomes a voter ${lag} entries behind`);
    }
    if (configuration.outgoing.length > 0) this.#count('members: joint');
    else if (configuration.voters.length === previous.configuration.voters.length) this.#count('members: learners');
    else this.#count('members: one voter');
  }
}

function fullestZone({ members, voters }: Configuration): number {
  const zones = members.filter(({ id }) => voters.includes(id)).map(({ labels }) => labels.Zone);
  return Math.max(...zones.map((zone) => zones.filter((other) => other === zone).length));
}

/** Whether no majority of one can be had without a member of every majority of the other: all ways to split the voters are tried. */
export function alwaysMeet(a: Configuration, b: Configuration): boolean {
  if (votersOf(a).length === 0) return true;
  const voters = [...new Set([...votersOf(a), ...votersOf(b)])];
  for (let side = 0; side < 2 ** voters.length; side += 1) {
    const inside = (id: string) => (side & (1 << voters.indexOf(id))) !== 0;
    if (isQuorum(a, inside) && isQuorum(b, (id) => !inside(id))) return false;
  }
  return true;
}
