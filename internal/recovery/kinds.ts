// The sorts of recovery there are, each with what sets it apart. A new sort is a new row.

import type { ScriptsList } from './scripts-behind.ts';

export type RecoveryKind =
  | 'primary'
  | 'coPrimary'
  | 'intermediatePrimary'
  | 'groupMember'
  | 'lockedSemiSync'
  | 'surplusSemiSync'
  | 'readOnlyPrimary';

export interface KindTraits {
  /** What the audit calls it. */
  readonly audit: string;
  /** Which list of clusters opts in. */
  readonly filters: 'primary' | 'intermediate';
  /** A recovery keeps others of its family from starting for a while; of other families it knows nothing. */
  readonly family: string;
  /** Another server leads afterwards, and the failed one must not take writes any more. */
  readonly replaces: boolean;
  /** The server itself answers, and is set right where it is: nothing is moved, nothing has to be undone. */
  readonly lives: boolean;
  /** Whether scripts may say no before it begins. */
  readonly asksScripts: boolean;
  /** Scripts behind one that succeeded. */
  readonly scripts: readonly ScriptsList[];
  /** In this order where several are due at once: who leads first, then who follows whom, then how. */
  readonly rank: number;
}

const OF_PRIMARY = {
  filters: 'primary',
  family: 'primary',
  replaces: true,
  lives: false,
  asksScripts: true,
  scripts: ['postPrimary', 'postFailover'],
  rank: 0,
} as const;

const OF_INTERMEDIATE = {
  filters: 'intermediate',
  family: 'intermediate',
  replaces: false,
  lives: false,
  asksScripts: true,
  scripts: ['postIntermediate', 'postFailover'],
  rank: 1,
} as const;

const OF_LIVING = { filters: 'primary', replaces: false, lives: true, scripts: ['postFailover'], rank: 2 } as const;

export const KINDS: Readonly<Record<RecoveryKind, KindTraits>> = {
  primary: { ...OF_PRIMARY, audit: 'recover-dead-master' },
  coPrimary: { ...OF_PRIMARY, audit: 'recover-dead-co-master' },
  intermediatePrimary: { ...OF_INTERMEDIATE, audit: 'recover-dead-intermediate-master' },
  groupMember: { ...OF_INTERMEDIATE, audit: 'recover-dead-replication-group-member-with-replicas' },
  // by contract `PreFailoverProcesses` are not told of semi-sync
  lockedSemiSync: {
    ...OF_LIVING,
    family: 'lockedSemiSync',
    asksScripts: false,
    audit: 'recover-locked-semi-sync-master',
  },
  surplusSemiSync: {
    ...OF_LIVING,
    family: 'surplusSemiSync',
    asksScripts: false,
    audit: 'recover-master-with-too-many-semi-sync-replicas',
  },
  readOnlyPrimary: {
    ...OF_LIVING,
    family: 'readOnlyPrimary',
    asksScripts: true,
    audit: 'recover-non-writeable-master',
  },
};
