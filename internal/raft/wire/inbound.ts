import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Frame } from './framing.ts';
import type { Greeted } from './greet.ts';
import type { Identity } from './hello.ts';
import { type Farewell, Link } from './link.ts';
import { laneSettings, type WireSettings } from './settings.ts';

export interface InboundDeps {
  readonly clock: Pick<Clock, 'monotonicMs' | 'after' | 'every'>;
  readonly log: Log;
  readonly settings: WireSettings;
  onFrame(peer: Identity, frame: Frame): void;
}

/** Connections that other nodes have opened, by member, oldest first. */
export class Inbound {
  readonly #deps: InboundDeps;
  readonly #links = new Map<string, Set<Link>>();

  constructor(deps: InboundDeps) {
    this.#deps = deps;
  }

  /** How many connections of this member are open. */
  count(member: string): number {
    return this.#links.get(member)?.size ?? 0;
  }

  /** When this member was heard last, on the monotonic clock; undefined while it has no connection. */
  heardMs(member: string): number | undefined {
    const links = this.#links.get(member);
    return links === undefined ? undefined : Math.max(...[...links].map((link) => link.heardMs));
  }

  add({ socket, reader, established }: Greeted): void {
    const { clock, settings, log, onFrame } = this.#deps;
    const { peer, lane } = established;
    const links = this.#links.get(peer.member) ?? new Set<Link>();
    this.#links.set(peer.member, links);
    const link: Link = new Link({
      ...{ socket, reader, established, clock },
      settings: laneSettings(settings, lane),
      onFrame: (frame) => onFrame(peer, frame),
      onEnd: ({ kind, message }) => {
        if (kind === 'forged' || kind === 'malformed' || kind === 'tooLarge')
          log.warn(
            { node: peer.node, from: peer.address, reason: message },
            'a connection from another node was closed',
          );
        links.delete(link);
        if (links.size === 0) this.#links.delete(peer.member);
      },
    });
    links.add(link);
    const [oldest] = links;
    if (links.size > settings.maxInboundPerPeer) oldest?.close('replaced');
  }

  close(reason: Farewell): void {
    for (const links of [...this.#links.values()]) for (const link of [...links]) link.close(reason);
  }
}
