// The vocabulary in which replicas are moved about. A plan is made before the first change, and positions are not known by then: it
// names the place of a position, and whoever runs the plan looks it up when the step is reached.

import type { BinlogCoordinates } from './instance.ts';
import { type InstanceKey, keyText } from './instance-key.ts';

/** `own`: where the binary log of a server stands. `executed`: what it has applied of the log of its source. */
export interface Place {
  readonly kind: 'own' | 'executed';
  readonly of: InstanceKey;
}

/** In the binary log of a server the place where another one, which is halted, stands: found by comparing what both logged. */
export interface MatchedPlace {
  readonly kind: 'matched';
  readonly of: InstanceKey;
  /** Of the halted one the relay logs are read alone. */
  readonly relayOnly?: true;
}

/** In the binary log of a server a place that is known to be the one where another server has got to in the log of its source. */
export interface EquivalentPlace {
  readonly kind: 'equivalent';
  readonly of: InstanceKey;
  readonly at: BinlogCoordinates;
  /** As long as it has got there, and no further. */
  readonly while: BinlogCoordinates;
}

/** Where a replica begins to read its new source: by itself, since it knows its GTIDs, or at a position. */
export type Start = 'gtid' | Place | MatchedPlace | EquivalentPlace;

export type MoveStep =
  /** Both threads stop. What was received and not applied is fetched again from the next source, which therefore must have it. */
  | { readonly kind: 'halt'; readonly target: InstanceKey }
  /** Receives nothing more, and has applied everything it received. */
  | { readonly kind: 'drain'; readonly target: InstanceKey }
  /** A halted replica applies up to a position of its source and stops there. */
  | { readonly kind: 'advance'; readonly target: InstanceKey; readonly to: Place }
  /** Of two halted replicas of one source, the one behind applies up to where the other stands. */
  | { readonly kind: 'level'; readonly target: InstanceKey; readonly with: InstanceKey }
  /** Waits until `target` has applied what `holder` has. */
  | { readonly kind: 'await'; readonly target: InstanceKey; readonly holder: InstanceKey }
  /** `loginOf`: whose replication user it logs in with, where it has none of its own. */
  | {
      readonly kind: 'follow';
      readonly target: InstanceKey;
      readonly source: InstanceKey;
      readonly start: Start;
      readonly loginOf?: InstanceKey;
    }
  /** Replicates again; `unheard`: from a source that nobody can reach, on purpose. */
  | { readonly kind: 'resume'; readonly target: InstanceKey; readonly unheard?: true };

/** How a replica gets to its new place. */
export type Method = 'repoint' | 'GTID' | 'binlog server' | 'file and position' | 'equivalent position' | 'Pseudo-GTID';

export interface MovePlan {
  readonly kind: 'move';
  readonly method: Method;
  /** Why this method, in words for an operator. */
  readonly why: string;
  /** Servers that nobody else may change meanwhile. */
  readonly locks: readonly InstanceKey[];
  readonly steps: readonly MoveStep[];
}

export interface NoMove {
  readonly kind: 'refused';
  readonly reason: string;
}

/** For journal and audit. */
export function stepText(step: MoveStep): string {
  const target = keyText(step.target);
  switch (step.kind) {
    case 'halt':
      return `stop replication on ${target}`;
    case 'drain':
      return `let ${target} apply what it has received`;
    case 'advance':
      return `let ${target} apply up to the ${placeText(step.to)}`;
    case 'level':
      return `bring ${target} and ${keyText(step.with)} to the same position`;
    case 'await':
      return `wait until ${target} has what ${keyText(step.holder)} has`;
    case 'follow':
      return `point ${target} to ${keyText(step.source)} ${step.start === 'gtid' ? 'by GTID' : `at the ${placeText(step.start)}`}`;
    case 'resume':
      return `start replication on ${target}`;
  }
}

export function coordinatesText({ file, position }: BinlogCoordinates): string {
  return `${file}:${position}`;
}

function placeText(place: Exclude<Start, 'gtid'>): string {
  const { kind, of } = place;
  if (kind === 'equivalent') return `equal position ${coordinatesText(place.at)}`;
  if (kind === 'matched') return `place of the same event in the binary log of ${keyText(of)}`;
  return kind === 'own' ? `end of the binary log of ${keyText(of)}` : `position that ${keyText(of)} has applied`;
}
