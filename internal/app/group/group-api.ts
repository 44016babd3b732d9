// What the API and the other members are told of this node in its group.

import type { Config } from '../../config/keys.ts';
import type { GroupView, Waiting } from '../../http/group-view.ts';
import { formatAddress, parseAddress } from '../../raft/address.ts';
import type { RaftNode } from '../../raft/node/raft-node.ts';
import type { Identity } from '../../raft/wire/hello.ts';
import type { OpenChannel } from '../../raft/wire/wire.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Agreement } from '../agreement.ts';
import { GroupWindow } from './group-window.ts';
import { MemberWords } from './member-words.ts';
import { ownUrl } from './own-url.ts';

export interface GroupApiDeps {
  readonly config: Config;
  readonly membership: { readonly node: RaftNode | undefined; readonly waiting: Waiting | undefined };
  readonly agreement: Agreement;
  /** The backend takes what it is given. */
  readonly backendWorks: () => boolean;
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
  #draining = false;

  /** @throws {OrchestratorError} `CONFIG_INVALID` */
  constructor(deps: GroupApiDeps) {
    this.#deps = deps;
    const { config, membership, backendWorks, clock } = deps;
    this.#url = ownUrl(config);
    const own = () => ({ url: this.#url, draining: this.#draining, backend: backendWorks() });
    this.#words = new MemberWords({
      own,
      others: () => {
        const { self, configuration } = membership.node?.group.standpoint ?? {};
        return configuration?.members.map(({ id }) => id).filter((id) => id !== self) ?? [];
      },
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
      ...{ membership, own, clock },
      drain: () => this.drain(),
      undrain: () => this.undrain(),
    });
  }

  get view(): GroupView {
    return this.#window;
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
    const { clock, config, recovering, log } = this.#deps;
    if (!this.#draining) log.info({}, 'this node is drained: not ready, and leader only until another is');
    this.#draining = true;
    this.#words.tell();
    const endMs = clock.monotonicMs() + config.RaftTransferWaitSeconds * 1000;
    while (recovering() && clock.monotonicMs() < endMs && !signal.aborted) await clock.sleep(RECOVERY_LOOK_MS, signal);
    await this.#window.handOver();
  }

  undrain(): void {
    this.#draining = false;
    this.#words.tell();
    this.#deps.membership.node?.fit(true);
  }
}
