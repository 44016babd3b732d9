// The members as operators see and change them, on the main thread. Every change is idempotent, and made by the leader alone: other nodes
// answer `NOT_LEADER`.

import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import { type Address, formatAddress, parseAddress } from '../address.ts';
import type { MembershipChange } from '../core/inputs.ts';
import type { Configuration, Member, MemberId } from '../core/types.ts';
import { admit } from '../forming/admit.ts';
import type { Identity } from '../wire/hello.ts';
import type { Group } from './group.ts';
import type { Met } from './meetings.ts';
import type { MembersView } from './members-view.ts';
import type { Standpoint } from './protocol.ts';
import { REASONS } from './reasons.ts';

const RETRY_MS = 50;
const MOST_WAIT_MS = 5_000;

export interface RosterDeps {
  readonly group: Pick<Group, 'standpoint' | 'change' | 'on' | 'off'>;
  readonly view: () => Promise<MembersView>;
  readonly meet: (address: Address) => Promise<Met>;
  readonly clock: Pick<Clock, 'after'>;
  /** `DefaultRaftPort`. */
  readonly defaultPort: number;
}

export interface Changed {
  readonly member: MemberId | undefined;
  /** False: it was so already. */
  readonly changed: boolean;
}

export interface AddOptions {
  /** Whether it is to vote once it has caught up; true unless said otherwise. */
  readonly vote?: boolean;
  /** Answer only when it votes, and fail with `OUTCOME_UNKNOWN` when it does not within this time. */
  readonly voterWithinMs?: number;
}

/** By id, by name, or by address in any spelling. */
export function findMember({ members }: Configuration, text: string, defaultPort: number): Member | undefined {
  const exact = members.find(({ id, node }) => id === text || node === text);
  if (exact !== undefined) return exact;
  const address = orUndefined(() => formatAddress(parseAddress(text, 'a member', defaultPort)));
  return members.find((member) => member.node === address || member.address === address);
}

export class Roster {
  readonly #deps: RosterDeps;

  constructor(deps: RosterDeps) {
    this.#deps = deps;
  }

  /**
   * Takes the node at this address in, as a learner that is promoted when it has caught up (R-82, C-132). It has to run, to belong to no other
   * group, and to answer there (F-31).
   *
   * @throws {OrchestratorError} `BAD_REQUEST`, `NOT_LEADER`, `UNAVAILABLE`, `CONFLICT` with the reason, `OUTCOME_UNKNOWN`
   */
  async add(text: string, { vote = true, voterWithinMs }: AddOptions = {}): Promise<Changed> {
    const { defaultPort } = this.#deps;
    this.#refuseUnlessLeader();
    const address = badRequest(() => parseAddress(text, 'the node to add', defaultPort));
    const done = await this.#admitted(address, vote);
    if (done.member !== undefined && voterWithinMs !== undefined) await this.#votes(done.member, voterWithinMs);
    return done;
  }

  /**
   * @param text id, name or address
   * @throws {OrchestratorError} `NOT_LEADER`; `UNAVAILABLE` with the reason: last voter, no healthy majority left, another change runs for too long
   */
  async remove(text: string): Promise<Changed> {
    const { group, defaultPort } = this.#deps;
    this.#refuseUnlessLeader();
    const member = findMember(group.standpoint.configuration, text, defaultPort);
    if (member === undefined) return { member: undefined, changed: false };
    if (group.standpoint.configuration.voters.includes(member.id)) await this.#refuseWithoutMajority(member.id);
    await this.#change({ kind: 'remove', member: member.id });
    return { member: member.id, changed: true };
  }

  async #admitted(address: Address, vote: boolean): Promise<Changed> {
    const { group, defaultPort } = this.#deps;
    const present = findMember(group.standpoint.configuration, formatAddress(address), defaultPort);
    if (present !== undefined) return this.#wished(present, vote);
    const peer = await this.#met(address);
    const told = badRequest(() => parseAddress(peer.address, `RaftAdvertise of ${peer.node}`, 0));
    if (formatAddress(told) !== formatAddress(address) && (await this.#met(told)).member !== peer.member)
      throw new OrchestratorError('CONFLICT', `another node than ${peer.node} answers at its address ${peer.address}`);
    const { self, configuration } = group.standpoint;
    const { node, incarnation, member: id } = peer;
    const newcomer: Member = { id, node, incarnation, address: formatAddress(told), labels: {}, promote: vote };
    const admission = admit(self, configuration, newcomer);
    if (admission.kind === 'refused') throw new OrchestratorError('CONFLICT', admission.why);
    if (admission.kind === 'present') return this.#wished(newcomer, vote);
    await this.#change(admission.change);
    return { member: id, changed: true };
  }

  /** One at a time: whoever comes while another change runs, such as a promotion, waits for its end. */
  async #change(change: MembershipChange): Promise<void> {
    const { group, clock } = this.#deps;
    for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
      try {
        await group.change(change);
        return;
      } catch (err) {
        const runs = err instanceof OrchestratorError && err.context.reason === 'changeRunning';
        if (!runs || waitedMs >= MOST_WAIT_MS) throw err;
      }
      await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
    }
  }

  async #met(address: Address): Promise<Identity> {
    const { peer, problem } = await this.#deps.meet(address);
    if (peer !== undefined) return peer;
    throw new OrchestratorError('UNAVAILABLE', `${formatAddress(address)} cannot be added: ${problem}`);
  }

  /** A learner that was not to vote may be told to; a voter that is added again stays what it is. */
  async #wished({ id }: Member, vote: boolean): Promise<Changed> {
    const { group } = this.#deps;
    const { members, learners } = group.standpoint.configuration;
    const member = members.find((one) => one.id === id);
    if (member === undefined || member.promote === vote || !learners.includes(id))
      return { member: id, changed: false };
    await this.#change({ kind: 'update', member: { ...member, promote: vote } });
    return { member: id, changed: true };
  }

  /** The core looks at it as well, and takes a lost connection for silence a little later. */
  async #refuseWithoutMajority(leaving: MemberId): Promise<void> {
    const { members } = await this.#deps.view();
    const left = members.filter(({ kind, id }) => kind === 'voter' && id !== leaving);
    if (left.filter(({ answers }) => answers).length > left.length / 2 || left.length === 0) return;
    throw new OrchestratorError('UNAVAILABLE', `without ${leaving}: ${REASONS.noHealthyQuorum}`);
  }

  #refuseUnlessLeader(): void {
    const { role, leader } = this.#deps.group.standpoint;
    if (role !== 'leader')
      throw new OrchestratorError('NOT_LEADER', 'this node does not lead', { context: { leader } });
  }

  #votes(id: MemberId, withinMs: number): Promise<void> {
    const { group, clock } = this.#deps;
    return new Promise((resolve, reject) => {
      const look = ({ configuration }: Standpoint) => {
        if (configuration.voters.includes(id)) end(resolve);
      };
      const late = new OrchestratorError(
        'OUTCOME_UNKNOWN',
        `${id} is a member, and does not vote after ${withinMs} ms`,
      );
      const cancel = clock.after(withinMs, () => end(() => reject(late)));
      const end = (settle: () => void) => {
        cancel();
        group.off('moved', look);
        settle();
      };
      group.on('moved', look);
      look(group.standpoint);
    });
  }
}

function badRequest<T>(work: () => T): T {
  try {
    return work();
  } catch (err) {
    throw new OrchestratorError('BAD_REQUEST', err instanceof Error ? err.message : String(err), { cause: err });
  }
}

function orUndefined<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
