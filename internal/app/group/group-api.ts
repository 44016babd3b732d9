// What the API and the other members are told of this node in its group.

import type { Config } from '../../config/keys.ts';
import type { GroupView, Waiting } from '../../http/group-view.ts';
import { formatAddress, parseAddress } from '../../raft/address.ts';
import type { MemberId } from '../../raft/core/types.ts';
import type { RaftNode } from '../../raft/node/raft-node.ts';
import type { Identity } from '../../raft/wire/hello.ts';
import type { OpenChannel } from '../../raft/wire/wire.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Agreement } from '../agreement.ts';
import { ClockOffsets, clockText, clockTrouble } from './clock-offsets.ts';
import { GroupWindow } from './group-window.ts';
import { type MemberWord, MemberWords } from './member-words.ts';
import { ownUrl } from './own-url.ts';
import type { StateKeeping } from './state-keeping.ts';

export interface GroupApiDeps {
  readonly config: Config;
  readonly membership: {
    readonly node: RaftNode | undefined;
    readonly waiting: Waiting | undefined;
    refit(): void;
  };
  readonly agreement: Agreement;
  /** The backend takes what it is given. */
  readonly backendWorks: () => boolean;
  /** This node holds what the leader does, as far as that was compared. */
  readonly sound: () => boolean;
  readonly state: Pick<StateKeeping, 'digest' | 'sound' | 'view'>;
  /** A recovery runs. */
  readonly recovering: () => boolean;
  readonly clock: Clock;
  readonly log: Log;
}

/** A newcomer has to be level with the leader for ten seconds before it votes. */
const PROMOTION_LIMIT_MS = 60_000;
const RECOVERY_LOOK_MS = 50;
const NEVER = new AbortController().signal;
const CHANNEL = 'forwarding' satisfies OpenChannel;

export class GroupApi {
  readonly #deps: GroupApiDeps;
  readonly #url: string;
  readonly #words: MemberWords;
  readonly #window: GroupWindow;
  readonly #clocks = new ClockOffsets();
  #clockTrouble = clockTrouble(undefined);
  #draining = false;
  /** Drains that let a recovery end. */
  #waits = 0;
  #withdrawal = new AbortController();

  /** @throws {OrchestratorError} `CONFIG_INVALID` */
  constructor(deps: GroupApiDeps) {
    this.#deps = deps;
    const { config, membership, backendWorks, sound, clock } = deps;
    this.#url = ownUrl(config);
    const own = () => ({
      url: this.#url,
      draining: this.#draining,
      backend: backendWorks(),
      state: deps.state.digest,
      wallMs: clock.nowMs(),
    });
    this.#words = new MemberWords({
      own,
      others: () => {
        const { self, configuration } = membership.node?.group.standpoint ?? {};
        return configuration?.members.map(({ id }) => id).filter((id) => id !== self) ?? [];
      },
      onWord: (from, { wallMs }) => this.#noteClock(from, wallMs),
      send: (to, payload) => membership.node?.send(to, CHANNEL, payload),
      everyMs: config.RaftElectionTimeoutMilliseconds / 2,
      clock,
    });
    const address = (key: 'RaftBind' | 'RaftAdvertise') =>
      formatAddress(parseAddress(config[key], key, config.DefaultRaftPort));
    this.#window = new GroupWindow({
      bind: address('RaftBind'),
      advertise: address('RaftAdvertise'),
      url: this.#url,
      electionTimeoutMs: config.RaftElectionTimeoutMilliseconds,
      promotionLimitMs: PROMOTION_LIMIT_MS,
      wordOf: (id) => this.#words.of(id),
      clockOffsetOf: (id) => this.#clocks.of(id),
      ...{ membership, own, sound, clock, state: deps.state },
      drain: () => this.drain(),
      undrain: () => this.undrain(),
    });
  }

  /** What that member said last. */
  wordOf(id: MemberId): MemberWord | undefined {
    return this.#words.of(id);
  }

  get view(): GroupView {
    return this.#window;
  }

  get draining(): boolean {
    return this.#draining;
  }

  /** It is drained, and does not lead any longer so that recoveries may end. */
  get yields(): boolean {
    return this.#draining && this.#waits === 0;
  }

  start(): void {
    this.#deps.log.info(
      { url: this.#url },
      'the other nodes are told that the API is here; HTTPAdvertise says otherwise',
    );
    this.#window.start();
    this.#words.start();
  }

  stop(): void {
    this.#window.stop();
    this.#words.stop();
  }

  hear(channel: OpenChannel, { member }: Identity, payload: Uint8Array): void {
    if (channel === CHANNEL) this.#words.hear(member, payload);
  }

  /** Told once when it begins, gets worse, and ends. */
  #noteClock(from: MemberId, wallMs: number | undefined): void {
    const { clock, log, membership } = this.#deps;
    if (wallMs === undefined) return;
    this.#clocks.heard(from, wallMs, clock.nowMs());
    const offsetMs = this.#clocks.of(from);
    if (offsetMs === undefined || from !== membership.node?.group.standpoint.leader) return;
    const trouble = clockTrouble(offsetMs);
    if (trouble === this.#clockTrouble) return;
    this.#clockTrouble = trouble;
    if (trouble === 'alarm') log.error({ offsetMs }, clockText(offsetMs));
    else if (trouble === 'warning') log.warn({ offsetMs }, clockText(offsetMs));
    else log.info({ offsetMs }, 'the clock of this node agrees with that of the leader');
  }

  /** This node leads: where its API is, is told to everybody now, and agreed on once, for those who read the log. */
  tookOffice(): void {
    const { agreement, log } = this.#deps;
    this.#words.tell();
    agreement
      .decide({ op: 'leader-uri', uri: this.#url })
      .catch((err: unknown) => log.debug({ err }, 'leadership was lost before it was told where the API is'));
  }

  /**
   * From here on this node is not ready. Recoveries may end, then leadership is handed over, where this node has it and another can (F-90).
   *
   * @param signal does not wait any longer; what was ordered goes on
   */
  async drain(signal: AbortSignal = NEVER): Promise<void> {
    const { clock, config, membership, recovering, log } = this.#deps;
    if (!this.#draining) log.info({}, 'this node is drained: not ready, and leader only until another is');
    this.#draining = true;
    this.#words.tell();
    const { signal: withdrawn } = this.#withdrawal;
    const endMs = clock.monotonicMs() + config.RaftTransferWaitSeconds * 1000;
    // A lease that is out for a moment ends no office.
    const leavesWork = () => membership.node?.group.standpoint.inOffice === true && recovering();
    this.#waits += 1;
    try {
      while (leavesWork() && clock.monotonicMs() < endMs && !withdrawn.aborted)
        await clock.sleep(RECOVERY_LOOK_MS, signal);
    } finally {
      this.#waits -= 1;
    }
    if (!withdrawn.aborted) await this.#window.handOver();
  }

  /** Whatever a drain still waits for, it does not hand over any more. */
  undrain(): void {
    this.#withdrawal.abort();
    this.#withdrawal = new AbortController();
    this.#draining = false;
    this.#words.tell();
    this.#deps.membership.refit();
  }
}
