// What all nodes of a group do alike. A command says what is to be true, never how a node finds out: whoever proposes it has
// put in every time, name and number that it needs, so that each node comes to the same state. Names are contract.

import type { Retention } from '../backend/retention.ts';
import type { RecoveryRecord } from '../recovery/book.ts';
import type { ClaimTerms } from '../recovery/claim.ts';
import type { DetectionRecord } from '../recovery/detections.ts';
import type { StepResult } from '../recovery/ports.ts';
import type { ScriptsList } from '../recovery/scripts-behind.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Downtime } from '../topology/downtime.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import type { MaintenanceLock } from '../topology/maintenance-lock.ts';
import type { PromotionRule } from '../topology/promotion-rule.ts';
import type { CallOutcome } from './calls.ts';

/** What follows from a recovery that ended, for everybody. */
export interface Aftermath {
  readonly downtimes: readonly { readonly key: InstanceKey; readonly downtime: Downtime }[];
  /** Whose downtime ends, and who is called by the alias of the cluster from now on. */
  readonly successor: InstanceKey | undefined;
  /** It takes writes and follows nobody; scripts of the operator may be left to see to that. */
  readonly promoted: boolean;
  readonly pairs: readonly (readonly [name: string, value: string])[];
  /** Of the cluster, which goes with it; empty: it has none. */
  readonly domain?: string;
}

export type Command =
  | { readonly op: 'discover'; readonly key: InstanceKey }
  | { readonly op: 'forget'; readonly key: InstanceKey }
  /** With the servers it has where it is asked for: topologies differ between nodes for a moment. */
  | { readonly op: 'forget-cluster'; readonly cluster: string; readonly keys: readonly InstanceKey[] }
  | { readonly op: 'begin-downtime'; readonly key: InstanceKey; readonly downtime: Downtime; readonly quiet?: boolean }
  | { readonly op: 'end-downtime'; readonly key: InstanceKey; readonly how: 'end-downtime' | 'expire-downtime' }
  /** `quiet`: it is what it was, and is not to run out. */
  | {
      readonly op: 'register-candidate';
      readonly key: InstanceKey;
      readonly rule: PromotionRule;
      readonly quiet?: boolean;
    }
  | { readonly op: 'maintenance-begin'; readonly key: InstanceKey; readonly lock: MaintenanceLock }
  | {
      readonly op: 'maintenance-end';
      readonly key: InstanceKey;
      readonly how: 'end-maintenance' | 'expire-maintenance';
    }
  /** What the rows that all nodes hold alike came to behind the entry `index`. */
  | { readonly op: 'state-digest'; readonly index: number; readonly digest: string }
  /** Rows of an age go everywhere at the same place in the log. */
  | { readonly op: 'expire'; readonly retention: Retention }
  | { readonly op: 'set-cluster-alias-manual-override'; readonly cluster: string; readonly alias: string | null }
  | { readonly op: 'disable-global-recoveries' }
  | { readonly op: 'enable-global-recoveries' }
  | {
      readonly op: 'ack-recovery';
      readonly uids: readonly string[];
      readonly acknowledgement: NonNullable<RecoveryRecord['acknowledged']>;
    }
  /** `told`: people and scripts have heard of it, or do now. */
  | { readonly op: 'register-failure-detection'; readonly detection: DetectionRecord; readonly told: boolean }
  /** The claim of a recovery, or the take-over of one of an earlier term: granted to one node, or to nobody. */
  | { readonly op: 'write-recovery'; readonly record: RecoveryRecord; readonly claim: ClaimTerms }
  | {
      readonly op: 'resolve-recovery';
      readonly record: RecoveryRecord;
      readonly aftermath: Aftermath | null;
      /** Lists of which scripts are to follow; whoever leads runs those that nobody has begun. */
      readonly scripts?: readonly ScriptsList[];
    }
  /** A script behind a recovery is about to be run, counted from 0 in its list: never again by anybody. */
  | {
      readonly op: 'effects-begun';
      readonly uid: string;
      readonly list: ScriptsList;
      readonly number: number;
      /** In which it was proposed. */
      readonly term: number;
    }
  /** All scripts behind a recovery ended, or will not be run. */
  | { readonly op: 'effects-done'; readonly uid: string }
  /** A step is about to be taken: whoever comes after knows that it may have been. Only who holds the claim gets it agreed on. */
  | {
      readonly op: 'recovery-progress';
      readonly uid: string;
      readonly number: number;
      readonly text: string;
      /** The step has ended, one way or another, that long after it was agreed on. */
      readonly limitMs: number;
    }
  /** It ended, well or with an error. */
  | {
      readonly op: 'recovery-step-ended';
      readonly uid: string;
      readonly number: number;
      readonly text: string;
      readonly result: StepResult;
    }
  /** `id`: of these messages alone, however often they come. */
  | {
      readonly op: 'write-recovery-step';
      readonly id: string;
      readonly uid: string;
      readonly messages: readonly string[];
    }
  | {
      readonly op: 'intend-fence';
      readonly failed: InstanceKey;
      readonly cluster: string;
      readonly successor: InstanceKey;
    }
  | { readonly op: 'end-fence'; readonly failed: InstanceKey }
  /** Whatever is open belongs to another life, such as that of a backup: nobody takes it up. */
  | { readonly op: 'abandon-recoveries'; readonly why: string }
  /** A call of the API is about to be made under a key; only the attempt that finds it unknown makes it (C-46). */
  | { readonly op: 'begin-call'; readonly id: string; readonly request: string; readonly attempt: string }
  /** What its caller is about to be told; null: nothing was done, and it may be made under the same key. */
  | { readonly op: 'end-call'; readonly id: string; readonly attempt: string; readonly outcome: CallOutcome | null }
  | { readonly op: 'put-instance-tag'; readonly key: InstanceKey; readonly name: string; readonly value: string }
  /** Of servers that had it where it was asked for. `value` null: whatever it says. */
  | {
      readonly op: 'delete-instance-tag';
      readonly keys: readonly InstanceKey[];
      readonly name: string;
      readonly value: string | null;
    }
  /** What replicas are told in place of this host; `hostname` empty: the host itself again. */
  | { readonly op: 'register-hostname-unresolve'; readonly key: InstanceKey; readonly hostname: string }
  /** These servers are in the pool from the stamp on, and no others. */
  | { readonly op: 'submit-pool-instances'; readonly pool: string; readonly keys: readonly InstanceKey[] }
  /** Somebody has shown a token that a node of the group issued. The secret is theirs who are agreed on first. */
  | {
      readonly op: 'redeem-access-token';
      readonly publicToken: string;
      readonly secret: string;
      readonly issuedMs: number;
      /** Those that were issued longer ago are let go of. */
      readonly lifeMs: number;
    }
  | { readonly op: 'put-key-value'; readonly name: string; readonly value: string }
  /** A marker for Pseudo-GTID was written there; said once a minute, not at each. */
  | { readonly op: 'injected-pseudo-gtid'; readonly cluster: string }
  | { readonly op: 'leader-uri'; readonly uri: string };

export type Op = Command['op'];

/** Where and when a command was agreed on. */
export interface Stamp {
  /** Wall clock of the leader, ms; never goes back from one command to the next. */
  readonly atMs: number;
  /** Who proposed it. */
  readonly node: string;
  /** Of the group; both are 0 where a node is alone. */
  readonly term: number;
  readonly index: number;
}

const FORMAT = 1;

const OPS: ReadonlySet<string> = new Set<Op>([
  'discover',
  'forget',
  'forget-cluster',
  'begin-downtime',
  'end-downtime',
  'register-candidate',
  'maintenance-begin',
  'maintenance-end',
  'expire',
  'state-digest',
  'set-cluster-alias-manual-override',
  'disable-global-recoveries',
  'enable-global-recoveries',
  'ack-recovery',
  'register-failure-detection',
  'write-recovery',
  'resolve-recovery',
  'effects-begun',
  'effects-done',
  'recovery-progress',
  'recovery-step-ended',
  'write-recovery-step',
  'intend-fence',
  'end-fence',
  'abandon-recoveries',
  'begin-call',
  'end-call',
  'put-instance-tag',
  'delete-instance-tag',
  'register-hostname-unresolve',
  'submit-pool-instances',
  'redeem-access-token',
  'put-key-value',
  'injected-pseudo-gtid',
  'leader-uri',
]);

/** As an entry of the log holds it. */
export function encodeCommand(node: string, command: Command): Uint8Array {
  return Buffer.from(JSON.stringify({ v: FORMAT, node, ...command }));
}

/** @throws {OrchestratorError} `BACKEND_CORRUPT`: not from a node of this version. To go on without it would be to differ (C-50) */
export function decodeCommand(data: Uint8Array): { readonly node: string; readonly command: Command } {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw unreadable('no JSON', cause);
  }
  if (typeof value !== 'object' || value === null) throw unreadable('no object');
  const { v, node, ...command } = value as { v?: unknown; node?: unknown; op?: unknown };
  if (v !== FORMAT) throw unreadable(`format ${String(v)}, this version knows ${FORMAT}`);
  if (typeof node !== 'string' || typeof command.op !== 'string') throw unreadable('no node or no op');
  if (!OPS.has(command.op)) throw unreadable(`op ${JSON.stringify(command.op)} is not known to this version`);
  return { node, command: command as Command };
}

function unreadable(what: string, cause?: unknown): OrchestratorError {
  return new OrchestratorError(
    'BACKEND_CORRUPT',
    `the log of the group holds a command that this node cannot read (${what}): upgrade this node`,
    cause === undefined ? {} : { cause },
  );
}
