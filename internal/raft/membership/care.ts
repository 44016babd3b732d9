// What the leader does for the group without being asked: lets go of who has been gone for long (F-50), and gives leadership to where it
// is wanted (F-111). Pure; the times and the acts are the caller's.

import type { MemberId } from '../core/types.ts';

/** All pairs of a pattern have to be among the labels of a node. */
export type LabelPattern = Readonly<Record<string, string>>;

/** Times in ms. */
export interface CareSettings {
  /** `RaftMinFreeBytes`; 0: room is not looked at. */
  readonly minFreeBytes: number;
  /** `RaftReapVoterAfterSeconds`, `RaftReapNonVoterAfterSeconds`; 0: never. */
  readonly reapVoterAfterMs: number;
  readonly reapLearnerAfterMs: number;
  readonly reapMinVoters: number;
  /** Between two. */
  readonly reapPauseMs: number;
  /** `RaftPreferredLeaders`, the most wanted first. */
  readonly preferredLeaders: readonly LabelPattern[];
  /** How long a leader has to be in office before it thinks of another. */
  readonly preferenceHoldMs: number;
  /** How long a node has to have been there without a break to be preferred. */
  readonly preferenceContactMs: number;
  /** Between two hand-overs of that kind. */
  readonly preferencePauseMs: number;
}

export const DEFAULT_CARE: CareSettings = {
  minFreeBytes: 256 * 2 ** 20,
  reapVoterAfterMs: 0,
  reapLearnerAfterMs: 0,
  reapMinVoters: 3,
  reapPauseMs: 300_000,
  preferredLeaders: [],
  preferenceHoldMs: 30_000,
  preferenceContactMs: 60_000,
  preferencePauseMs: 300_000,
};

/** Another member, as the leader knows it. */
export interface Contact {
  readonly id: MemberId;
  readonly voter: boolean;
  readonly labels: LabelPattern;
  /** How long it has not been heard, in this office. */
  readonly silentMs: number;
  /** Well, level with the log, and without a break in the contact for long enough. */
  readonly fit: boolean;
}

/**
 * Who has been gone for long enough, alone: several at once look like a network that is cut, and then nobody goes.
 *
 * @param absentMs silence that counts as being gone
 */
export function whoIsGone(
  contacts: readonly Contact[],
  voters: number,
  settings: CareSettings,
  absentMs: number,
): MemberId | undefined {
  const [absent, ...others] = contacts.filter(({ silentMs }) => silentMs > absentMs);
  if (absent === undefined || others.length > 0) return undefined;
  const { reapVoterAfterMs, reapLearnerAfterMs, reapMinVoters } = settings;
  const afterMs = absent.voter ? reapVoterAfterMs : reapLearnerAfterMs;
  if (afterMs === 0 || absent.silentMs < afterMs) return undefined;
  return absent.voter && voters <= reapMinVoters ? undefined : absent.id;
}

/** Who should lead in place of the leader. */
export function whoIsPreferred(
  own: LabelPattern,
  contacts: readonly Contact[],
  patterns: readonly LabelPattern[],
): MemberId | undefined {
  const ranked = contacts
    .filter(({ voter, fit }) => voter && fit)
    .map(({ id, labels }) => ({ id, rank: rankOf(labels, patterns) }));
  const best = ranked.toSorted((one, other) => one.rank - other.rank)[0];
  return best !== undefined && best.rank < rankOf(own, patterns) ? best.id : undefined;
}

/** Place of the first pattern that it matches; behind all of them where it matches none. */
export function rankOf(labels: LabelPattern, patterns: readonly LabelPattern[]): number {
  const at = patterns.findIndex((pattern) => Object.entries(pattern).every(([name, value]) => labels[name] === value));
  return at < 0 ? patterns.length : at;
}
