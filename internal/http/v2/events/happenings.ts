// What the stream of events tells of, in the terms of the house.

import type { RecoveryKind } from '../../../recovery/kinds.ts';
import type { ThreadState } from '../../../topology/instance.ts';
import type { InstanceKey } from '../../../topology/instance-key.ts';
import type { MemberView } from '../../group-view.ts';

/** What of a server is told whenever it becomes something else. */
export interface Standing {
  readonly cluster: string;
  readonly source: InstanceKey | undefined;
  readonly readOnly: boolean;
  readonly reachable: boolean;
  readonly receiver: ThreadState;
  readonly applier: ThreadState;
  readonly version: string;
}

export interface GroupStanding {
  readonly role: 'leader' | 'follower' | 'candidate';
  /** It leads, and can prove it. */
  readonly leads: boolean;
  readonly leader: string | undefined;
  readonly term: number;
  readonly draining: boolean;
  readonly members: readonly Pick<MemberView, 'address' | 'kind' | 'healthy'>[];
}

/** `key`: the server that it is about. Times are wall-clock milliseconds. */
export type Happening =
  /** `changed` is empty where it was added or forgotten; `now` undefined: nothing is known of it any more. */
  | {
      readonly type: 'topology';
      readonly change: 'added' | 'changed' | 'forgotten';
      readonly key: InstanceKey;
      readonly changed: readonly (keyof Standing)[];
      readonly now: Standing | undefined;
    }
  | { readonly type: 'analysis'; readonly key: InstanceKey; readonly code: string; readonly before: string | undefined }
  | { readonly type: 'detection'; readonly key: InstanceKey; readonly code: string; readonly cluster: string }
  | {
      readonly type: 'recovery';
      readonly phase: 'began' | 'takenOver' | 'ended' | 'acknowledged';
      readonly uid: string;
      readonly kind: RecoveryKind;
      readonly code: string;
      readonly key: InstanceKey;
      readonly cluster: string;
      readonly successful: boolean | undefined;
      readonly successor: InstanceKey | undefined;
      readonly errors: readonly string[];
    }
  | {
      readonly type: 'recoveryStep';
      readonly phase: 'began' | 'ended';
      readonly uid: string;
      readonly number: number;
      readonly step: string;
      readonly error: string | undefined;
    }
  /** `endsMs` undefined: it ended. */
  | {
      readonly type: 'downtime' | 'maintenance';
      readonly key: InstanceKey;
      readonly owner: string;
      readonly reason: string;
      readonly endsMs: number | undefined;
    }
  | { readonly type: 'globalRecoveries'; readonly enabled: boolean }
  | ({ readonly type: 'group' } & GroupStanding)
  /** What this node knew was replaced as a whole: whoever keeps a copy reads it anew. */
  | { readonly type: 'reset'; readonly reason: 'stateReplaced' };

export interface Told {
  /** Counts from 1, without gaps. */
  readonly number: number;
  readonly atMs: number;
  readonly happening: Happening;
}

/** What happened on this node lately, and what happens. */
export interface EventSource {
  /** Of this process: numbers of another one mean nothing here. */
  readonly epoch: string;
  /** 0: nothing happened yet. */
  readonly last: number;
  /** The oldest that is kept; one more than `last` where none is. */
  readonly first: number;
  at(number: number): Told | undefined;
  /** Called after each; the answer ends it. */
  listen(listener: () => void): () => void;
}
