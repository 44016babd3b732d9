// What a node knows of itself and of the others, for whoever asks.

import type { RaftCore } from '../core/core.ts';
import type { Configuration, Index, MemberId, SnapshotMeta, Term } from '../core/types.ts';
import type { Wire } from '../wire/wire.ts';
import type { DiskReading } from './disk-watch.ts';
import type { ListStatus } from './registrar.ts';
import type { Concern } from './standing.ts';

/** `leaving`: a voter until the running joint change is over. */
export type MemberKind = 'voter' | 'learner' | 'leaving';

export interface ThreadPeer {
  readonly id: MemberId;
  readonly node: string;
  readonly address: string;
  readonly kind: MemberKind;
  readonly connected: boolean;
  /** Why it is not. */
  readonly problem: string | undefined;
  /** Since the last message of its connections; undefined where it has none to this node. */
  readonly silentMs: number | undefined;
  /** Known to the leader only. */
  readonly replication:
    | {
        readonly state: 'probe' | 'replicate' | 'snapshot';
        readonly match: Index;
        readonly answeredMs: number | undefined;
      }
    | undefined;
}

export interface ThreadStatus {
  readonly concerns: readonly Concern[];
  readonly firstIndex: Index;
  readonly lastTerm: Term;
  readonly snapshot: Pick<SnapshotMeta, 'index' | 'term' | 'bytes' | 'stampMs'>;
  /** Everybody but this node, in the order of their ids. */
  readonly peers: readonly ThreadPeer[];
  /** Connections that were turned away. */
  readonly refused: number;
  /** What the lists of the nodes say (C-131). */
  readonly lists: ListStatus;
  readonly storage: DiskReading;
}

interface StatusDeps {
  readonly core: RaftCore;
  readonly wire: Pick<Wire, 'status' | 'heardMs'>;
  readonly concerns: readonly Concern[];
  readonly lists: ListStatus;
  readonly storage: DiskReading;
  /** On the clock of the core, and on that of the wire. */
  readonly nowMs: number;
  readonly wireNowMs: number;
}

export function threadStatus({ core, wire, concerns, lists, storage, nowMs, wireNowMs }: StatusDeps): ThreadStatus {
  const { configuration, snapshot, firstIndex, lastTerm } = core.log;
  const { peers, refused } = wire.status();
  const links = new Map(peers.map((peer) => [peer.member, peer]));
  const others = configuration.members.filter(({ id }) => id !== core.self);
  return {
    concerns,
    lists,
    storage,
    firstIndex,
    lastTerm,
    snapshot: { index: snapshot.index, term: snapshot.term, bytes: snapshot.bytes, stampMs: snapshot.stampMs },
    refused,
    peers: others.map(({ id, node, address }) => {
      const link = links.get(id);
      const heardMs = wire.heardMs(id);
      const progress = core.office?.progress.get(id);
      return {
        id,
        node,
        address,
        kind: kindOf(configuration, id),
        connected: link?.swift === true && link.bulk,
        problem: link?.problem,
        silentMs: heardMs === undefined ? undefined : Math.max(0, wireNowMs - heardMs),
        replication:
          progress === undefined
            ? undefined
            : {
                state: progress.state,
                match: progress.match,
                answeredMs: progress.heardMs < 0 ? undefined : nowMs - progress.heardMs,
              },
      };
    }),
  };
}

export function kindOf({ voters, learners }: Configuration, id: MemberId): MemberKind {
  if (voters.includes(id)) return 'voter';
  return learners.includes(id) ? 'learner' : 'leaving';
}
