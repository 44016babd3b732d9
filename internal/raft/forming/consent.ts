/*
 * When a promise may be given, and when it may be exchanged for another. That no two groups arise rests on this file.
 *
 * A formation is decided by its proposer alone, once all its members have promised it, and a node only ever forms what it has promised last. So
 * two formations with a member in common cannot both be decided unless that member exchanged its promise, and then it is for one of two
 * reasons. Its proposer gave the earlier one up: it will not decide on it. Or the proposer comes back with an empty directory, and does not
 * know. Then those who promise the new formation never take part in the old one, which needs a majority of its voters for its first
 * write: where fewer than that are missing from the new one, the old one has done nothing and never will.
 */

import type { Member } from '../core/types.ts';
import { isSound, nodesOf, sameMembers } from './formation.ts';
import type { Formation, FormingRecord, FormingSettings } from './types.ts';

export type Consent =
  | { readonly kind: 'given'; readonly record: FormingRecord }
  /** This very formation is promised already. */
  | { readonly kind: 'standing' }
  /** `why` has the node or the formation as its subject. */
  | { readonly kind: 'withheld'; readonly why: string };

/** Who lost directories so often is looked at by somebody first. */
const MOST_DOUBTFUL = 16;

/** @param record what this node has promised so far. It belongs to no group, and knows of none. */
export function consent(settings: FormingSettings, record: FormingRecord, asked: Formation): Consent {
  const { promise } = record;
  if (promise?.id === asked.id) return { kind: 'standing' };
  const doubtful = doubts(settings, record, asked);
  const why = objection(settings, asked) ?? order(settings, promise, asked) ?? doubt(doubtful, asked);
  if (why !== undefined) return { kind: 'withheld', why };
  return { kind: 'given', record: { ...record, promise: asked, doubtful } };
}

/** What is wrong with it, whatever was promised before (F-12, F-13). */
function objection(settings: FormingSettings, asked: Formation): string | undefined {
  const { clusterName, identity, self, founders, finding } = settings;
  if (!isSound(clusterName, asked)) return 'its id does not follow from its content';
  if (asked.generation !== identity.generation)
    return `it is of generation ${asked.generation}, and this node of ${identity.generation}`;
  const [first] = finding === undefined ? founders : nodesOf(asked);
  if (finding === undefined && nodesOf(asked).join() !== founders.join())
    return `it is for ${nodesOf(asked).join(', ')}, and this node founds with ${founders.join(', ')}`;
  if (finding !== undefined && asked.members.length !== finding.expect)
    return `it is for ${asked.members.length} nodes, and this node founds with ${finding.expect}`;
  if (finding !== undefined && !asked.members.every(({ promote }) => promote))
    return 'it counts on nodes that do not wish to vote';
  if (votersOf(asked).length === 0) return 'nobody in it wishes to vote';
  if (proposerNode(asked) !== first) return `${proposerNode(asked)} is not the one to propose it`;
  const mine = asked.members.filter(({ node }) => node === self.node);
  return sameMembers(mine, [self]) ? undefined : 'it names this node otherwise than it is';
}

/** A promise is exchanged for a later proposal of the same node only, unless this node made it to itself. */
function order({ self }: FormingSettings, promise: Formation | undefined, asked: Formation): string | undefined {
  if (promise === undefined || promise.proposer === self.id) return undefined;
  if (proposerNode(promise) !== proposerNode(asked)) return promisedTo(promise);
  return asked.stampMs > promise.stampMs ? undefined : `${promisedTo(promise)}, which asked later`;
}

/** Everything promised before that may have been decided. */
function doubts({ self }: FormingSettings, { promise, doubtful }: FormingRecord, asked: Formation) {
  const known = promise === undefined || promise.proposer === asked.proposer || promise.proposer === self.id;
  return known ? doubtful : [...doubtful, promise];
}

function doubt(doubtful: readonly Formation[], asked: Formation): string | undefined {
  const lost = (one: Formation) => votersOf(one).filter(({ id }) => !asked.members.some((other) => other.id === id));
  const existed = doubtful.find((one) => lost(one).length >= majorityOf(votersOf(one)));
  if (existed !== undefined) {
    const nodes = lost(existed).map(({ node }) => node);
    return `${promisedTo(existed)}, and ${nodes.join(', ')} have lost their directories since: that group may have existed`;
  }
  if (doubtful.length <= MOST_DOUBTFUL) return undefined;
  return `${proposerNode(asked)} has lost its directory ${doubtful.length} times`;
}

/** Whose consent the group would have needed to write anything. */
function votersOf({ members }: Formation): readonly Member[] {
  return members.filter(({ promote }) => promote);
}

function majorityOf(members: readonly Member[]): number {
  return Math.floor(members.length / 2) + 1;
}

function promisedTo(formation: Formation): string {
  return `this node has promised group ${formation.id} to ${proposerNode(formation)}`;
}

function proposerNode({ members, proposer }: Formation): string {
  return members.find(({ id }) => id === proposer)?.node ?? proposer;
}
