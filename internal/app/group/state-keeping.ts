// What a node needs to get its state from another, and to give its own: the care for its own, and the courier between them.

import type { Agreed } from '../../backend/agreed.ts';
import type { MemberId } from '../../raft/core/types.ts';
import type { RaftNode } from '../../raft/node/raft-node.ts';
import type { OpenChannel } from '../../raft/wire/wire.ts';
import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { DigestWatch } from './digest-watch.ts';
import type { GroupMachine } from './group-machine.ts';
import type { MemberWord } from './member-words.ts';
import { StateCare, type StateView } from './state-care.ts';
import { StateCourier } from './state-courier.ts';
import type { StateDigest } from './verdict.ts';

export interface StateKeepingDeps {
  readonly node: () => RaftNode | undefined;
  readonly wordOf: (id: MemberId) => MemberWord | undefined;
  readonly digests: DigestWatch;
  readonly machine: Pick<GroupMachine, 'snapshot'>;
  readonly agreed: Pick<Agreed, 'standing' | 'stands'>;
  readonly directory: string;
  readonly maxMessageBytes: number;
  readonly audit: (message: string) => void;
  readonly clock: Clock;
  readonly log: Log;
}

const CHANNEL = 'forwarding' satisfies OpenChannel;
const PIECE_BYTES = 256 * 1024;
/** Room in a message for what is said about a piece. */
const HEAD_BYTES = 1_024;

export class StateKeeping {
  readonly #care: StateCare;
  readonly #courier: StateCourier;

  constructor(deps: StateKeepingDeps) {
    const { node, wordOf, machine, maxMessageBytes, clock } = deps;
    this.#courier = new StateCourier({
      send: (to, payload) => node()?.send(to, CHANNEL, payload),
      state: (atLeast) => this.#ownState(node(), atLeast),
      pieceBytes: Math.min(PIECE_BYTES, maxMessageBytes - HEAD_BYTES),
      clock,
    });
    this.#care = new StateCare({
      ...deps,
      courier: this.#courier,
      told: (id) => wordOf(id)?.state,
      present: () => machine.snapshot(),
    });
  }

  /** Whether this node holds what its group does, as far as anybody knows. */
  get sound(): boolean {
    return this.#care.sound;
  }

  /** What the others are told. */
  get digest(): StateDigest | undefined {
    return this.#care.digest;
  }

  get view(): StateView {
    return this.#care.view;
  }

  /** False: it is about something else. */
  hear(channel: OpenChannel, from: MemberId, payload: Uint8Array): boolean {
    return channel === CHANNEL && this.#courier.hear(from, payload);
  }

  start(): void {
    this.#care.start();
  }

  async stop(): Promise<void> {
    this.#courier.stop();
    await this.#care.stop();
  }

  /** Only a leader gives it, and one that holds what most others do. */
  async #ownState(node: RaftNode | undefined, atLeast: number): Promise<Uint8Array> {
    if (node?.group.mayAct !== true || !this.sound || node.group.applied < atLeast)
      throw new OrchestratorError('UNAVAILABLE', 'this node has no state to give');
    const pieces: Uint8Array[] = [];
    for await (const piece of (await node.backup()).bytes) pieces.push(piece);
    return Buffer.concat(pieces);
  }
}
