import type { RaftMessage } from '../../internal/raft/core/messages.ts';
import { isVoter } from '../../internal/raft/core/quorum.ts';
import type { MemberId, Term } from '../../internal/raft/core/types.ts';
import type { History } from './history.ts';
import type { Before, SimNode } from './node.ts';
import { demand, type Watcher } from './watcher.ts';

/** I-1, I-2, I-3, I-6 and the half of I-13 about being elected: who leads when, and by whose votes. */
export class WatchElections implements Watcher {
  readonly #history: History;
  readonly #leaders = new Map<Term, MemberId>();
  /** Votes that left the node, by voter and term. */
  readonly #votes = new Map<string, MemberId>();
  /** Highest term that a node has told others. */
  readonly #terms = new Map<MemberId, Term>();

  constructor(history: History) {
    this.#history = history;
  }

  started(node: SimNode): void {
    this.#termStands(node, 0);
  }

  stepped(node: SimNode, before: Before): void {
    const { role, term } = node.core!;
    this.#termStands(node, before.term);
    if (role === 'leader' && (before.role !== 'leader' || before.term !== term)) this.#elected(node);
  }

  sending(node: SimNode, message: RaftMessage): void {
    if (message.term > (this.#terms.get(node.id) ?? 0)) this.#terms.set(node.id, message.term);
    if (message.kind === 'voteRequest') this.#voted(node.id, message.term, node.id);
    if (message.kind === 'voteResponse' && message.granted) this.#voted(node.id, message.term, message.to);
  }

  #voted(voter: MemberId, term: Term, candidate: MemberId): void {
    const key = `${voter}@${term}`;
    const earlier = this.#votes.get(key) ?? candidate;
    demand(earlier === candidate, 'I-2', () => `${voter} voted for ${earlier} and ${candidate} in term ${term}`);
    this.#votes.set(key, candidate);
  }

  /** A term that nobody was told of may be lost in a crash; one that was must not. */
  #termStands(node: SimNode, before: Term): void {
    const { term } = node.core!;
    const told = Math.max(before, this.#terms.get(node.id) ?? 0);
    demand(term >= told, 'I-3', () => `${node.id} went from term ${told} to ${term}`);
  }

  #elected(node: SimNode): void {
    const { term, log } = node.core!;
    const other = this.#leaders.get(term) ?? node.id;
    demand(other === node.id, 'I-1', () => `${other} and ${node.id} both lead in term ${term}`);
    this.#leaders.set(term, node.id);
    const { configuration: before } = log.configurationAt(log.configurationIndex - 1);
    const votes =
      isVoter(log.configuration, node.id) || (log.configurationIndex > node.core!.commit && isVoter(before, node.id));
    demand(votes, 'I-13', () => `${node.id} leads without being a voter`);
    for (let index = log.firstIndex; index <= this.#history.chosenLast; index += 1) {
      const chosen = this.#history.chosenAt(index)!;
      if (chosen.inTerm >= term) continue;
      demand(
        log.termAt(index) === chosen.entry.term,
        'I-6',
        () => `${node.id} leads term ${term} without committed entry ${index}`,
      );
    }
    this.#history.leaderElected(node.id, term);
  }
}
