import type { Address } from '../address.ts';
import type { RaftSettings } from '../core/settings.ts';
import type { Index } from '../core/types.ts';
import type { Finding } from '../forming/choice.ts';
import type { Founders } from '../forming/founders.ts';
import type { CareSettings } from '../membership/care.ts';
import type { StoreOptions } from '../store/raft-store.ts';
import type { Credentials } from '../wire/credentials.ts';
import type { FindingOrder, News } from './protocol.ts';

export const DEFAULT_PORT = 10_008;

/** Whom this node founds a group with, or looks for one; `foundersOf` reads the first three from the layout. */
export interface FormingOptions extends Founders {
  /** Set where founders find each other: the list is empty then. */
  readonly finding: Finding | undefined;
  /** `RaftBootstrapTimeoutSeconds`; 0 for none. */
  readonly timeoutMs: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Whether it wishes to vote where it joins: false for `RaftNonVoter`. */
  readonly promote: boolean;
}

/** Plain values, so that they can be given to a thread. */
export interface ThreadOptions {
  readonly store: Omit<StoreOptions, 'files'>;
  readonly bind: Address;
  /** What the others dial, `host:port`. */
  readonly advertise: string;
  readonly clusterName: string;
  readonly forming: FormingOptions;
  /** `DefaultRaftPort`, for nodes that are named without a port. */
  readonly defaultPort?: number;
  /** Where it differs from `DEFAULT_CARE`. */
  readonly care?: Partial<CareSettings>;
  /** Of the program. */
  readonly release: string;
  readonly protocol: number;
  readonly credentials: Credentials;
  /** Ranges as in `RaftAllowedAddressSpace`. */
  readonly allowed: readonly string[];
  readonly settings: RaftSettings;
  readonly maxMessageBytes: number;
  /** Index that the backend holds all changes up to. */
  readonly applied: Index;
  /** Buffer of a `SharedLease`. */
  readonly lease: SharedArrayBuffer;
}

/** What the main thread gives; the lease is shared by those who start the thread. */
export type NodeOptions = Omit<ThreadOptions, 'lease'>;

export interface ThreadDeps {
  readonly options: ThreadOptions;
  readonly random: () => number;
  readonly post: (news: readonly News[]) => void;
  /** Tells the listener what is found, also what was found already, until the thread itself is there. */
  readonly onFinding: (listener: (order: FindingOrder) => void) => void;
  /** The last news is posted; connections may still be closing. */
  readonly onEnd: () => void;
}
