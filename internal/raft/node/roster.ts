// The members as operators see and change them, on the main thread. Every change is idempotent, and made by the leader alone: other nodes
// answer `NOT_LEADER`.

import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { type Address, formatAddress, parseAddress } from '../address.ts';
import type { MembershipChange } from '../core/inputs.ts';
import type { Configuration, Member, MemberId } from '../core/types.ts';
import { admit } from '../forming/admit.ts';
import { nextStep } from '../membership/scale-down.ts';
import type { Identity } from '../wire/hello.ts';
import type { Group } from './group.ts';
import type { Met } from './meetings.ts';
import type { MembersView } from './members-view.ts';
import type { Standpoint } from './protocol.ts';
import { REASONS } from './reasons.ts';

const RETRY_MS = 50;
const MOST_WAIT_MS = 5_000;
/** A newcomer that is level gets its vote after ten seconds. */
const VOTE_WAIT_MS = 30_000;

export interface RosterDeps {
  readonly group: Pick<Group, 'standpoint' | 'change' | 'transfer' | 'on' | 'off'>;
  readonly view: () => Promise<MembersView>;
  readonly meet: (address: Address) => Promise<Met>;
  readonly clock: Pick<Clock, 'after'>;
  readonly log: Log;
  /** `DefaultRaftPort`. */
  readonly defaultPort: number;
}

export interface Changed {
  readonly member: MemberId | undefined;
  /** False: it was so already. */
  readonly changed: boolean;
}

export interface ScaledDown {
  /** Those that went now, in their order. */
  readonly removed: readonly Member[];
  /** Members that are left. */
  readonly members: number;
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

  /**
   * Removes members until `to` are left: the highest-numbered first, one at a time, each agreed on before the next (F-41). What was removed stays
   * so if it cannot go on.
   *
   * @param most removes no more than so many now
   * @throws {OrchestratorError} as `remove`; `BAD_REQUEST`; `UNAVAILABLE` with the reason, which ends in `ask again` where that helps: this node
   *   goes next and has handed over
   */
  async scaleDown(to: number, most = Number.POSITIVE_INFINITY): Promise<ScaledDown> {
    const { group, log } = this.#deps;
    if (!Number.isInteger(to) || to < 1)
      throw new OrchestratorError('BAD_REQUEST', `a group of ${to} nodes: name at least 1`);
    const removed: Member[] = [];
    for (let waitedMs = 0; ; ) {
      this.#refuseUnlessLeader();
      const { members } = group.standpoint.configuration;
      if (removed.length >= most) return { removed, members: members.length };
      const step = await this.#nextStep(to);
      switch (step.kind) {
        case 'done':
          return { removed, members: members.length };
        case 'refuse':
          throw new OrchestratorError('UNAVAILABLE', `${members.length} members are left: ${step.why}`);
        case 'wait':
          if (waitedMs >= VOTE_WAIT_MS) throw new OrchestratorError('UNAVAILABLE', `${step.why}: ask again`);
          await this.#pause();
          waitedMs += RETRY_MS;
          break;
        case 'handOver':
          await group.transfer(undefined, idsOf(step.to));
          throw new OrchestratorError(
            'UNAVAILABLE',
            `${members.length} members are left; this node goes next and hands leadership over first: ask again`,
          );
        case 'remove': {
          await this.remove(step.member.id);
          removed.push(step.member);
          const fields = { member: step.member.id, left: group.standpoint.configuration.members.length, to };
          log.info(fields, 'the group is made smaller: a member was removed');
        }
      }
    }
  }

  async #nextStep(to: number): Promise<ReturnType<typeof nextStep>> {
    const { group, view } = this.#deps;
    const { members } = await view();
    const { self, configuration } = group.standpoint;
    return nextStep(configuration, to, { self, answers: new Set(idsOf(members.filter(({ answers }) => answers))) });
  }

  /** @param waitedMs for the word that it is in already: it knocked by itself meanwhile */
  async #admitted(address: Address, vote: boolean, waitedMs = 0): Promise<Changed> {
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
    try {
      await this.#change(admission.change);
    } catch (err) {
      if (reasonOf(err) !== 'duplicateMember' || waitedMs >= MOST_WAIT_MS) throw err;
      await this.#pause();
      return this.#admitted(address, vote, waitedMs + RETRY_MS);
    }
    return { member: id, changed: true };
  }

  /** One at a time: whoever comes while another change runs, such as a promotion, waits for its end. */
  async #change(change: MembershipChange): Promise<void> {
    const { group } = this.#deps;
    for (let waitedMs = 0; ; waitedMs += RETRY_MS) {
      try {
        await group.change(change);
        return;
      } catch (err) {
        if (reasonOf(err) !== 'changeRunning' || waitedMs >= MOST_WAIT_MS) throw err;
      }
      await this.#pause();
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => this.#deps.clock.after(RETRY_MS, resolve));
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

function reasonOf(err: unknown): unknown {
  return err instanceof OrchestratorError ? err.context.reason : undefined;
}

function idsOf(members: readonly Pick<Member, 'id'>[]): readonly MemberId[] {
  return members.map(({ id }) => id);
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
