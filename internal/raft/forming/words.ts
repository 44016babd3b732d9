// What an operator reads while a node belongs to no group.

import type { Member, MemberId } from '../core/types.ts';
import type { Identity } from '../store/identity.ts';
import type { Choice } from './choice.ts';
import type { ClaimAnswer, ForeignGroup, FormingRecord, FormingSettings } from './types.ts';
import type { View } from './view.ts';

export interface Waiting {
  readonly settings: FormingSettings;
  readonly view: View;
  readonly record: FormingRecord;
  /** Who has promised this node's own proposal. */
  readonly promised: ReadonlySet<MemberId>;
  readonly withheld: string | undefined;
  readonly nowMs: number;
}

/** Everybody who is missing, and everything that stands in the way; parts are separated by semicolons. */
export function waitingText(waiting: Waiting): string {
  const { settings, view, record, withheld, nowMs } = waiting;
  const { self, founders, hailMs } = settings;
  const parts = [...view.contradictions(nowMs)];
  if (withheld !== undefined) parts.push(`a formation that ${founders[0]} proposed is not promised: ${withheld}`);
  const silent = founders.filter((node) => node !== self.node).filter((node) => isSilent(waiting, node, 3 * hailMs));
  if (silent.length > 0) parts.push(`waits for ${silent.map((node) => lastHeard(waiting, node)).join(', ')}`);
  const { promise } = record;
  if (promise !== undefined && promise.proposer !== self.id)
    parts.push(`has promised group ${promise.id}, waits for the decision of ${founders[0]}`);
  else if (promise !== undefined) parts.push(...proposing(waiting, promise.members));
  else if (!founders.includes(self.node)) parts.push(`waits for ${founders.join(', ')} to found the group, then joins`);
  else if (silent.length === 0) parts.push(`waits for the proposal of ${founders[0]}`);
  return parts.join('; ');
}

export interface Searching {
  readonly choice: Choice;
  /** Of the record that says which group has the name. */
  readonly answer: ClaimAnswer | undefined;
  readonly problem: string | undefined;
}

/** The same where founders find each other. */
export function searchingText(waiting: Waiting, { choice, answer, problem }: Searching): string {
  const { settings, view, record, withheld, nowMs } = waiting;
  const parts = [...view.contradictions(nowMs)];
  if (withheld !== undefined) parts.push(`a formation is not promised: ${withheld}`);
  const { promise } = record;
  if (promise !== undefined && promise.proposer !== settings.self.id) {
    const proposer = promise.members.find(({ id }) => id === promise.proposer)?.node ?? promise.proposer;
    parts.push(`has promised group ${promise.id}, waits for the decision of ${proposer}`);
  } else if (choice.kind === 'none') parts.push(choice.why);
  else if (promise === undefined) parts.push(`waits for the proposal of ${choice.members[0]?.node}`);
  else parts.push(...proposing(waiting, promise.members), ...anchoring(answer));
  if (problem !== undefined) parts.push(`looking for nodes is hindered: ${problem}`);
  return parts.join('; ');
}

function anchoring(answer: ClaimAnswer | undefined): readonly string[] {
  if (answer?.kind === 'taken')
    return [
      `group ${answer.by} had this name and is not to be seen: start its nodes with their disks; should it be gone for good, with everything that it knew, delete ${answer.where}`,
    ];
  return answer?.kind === 'unknown' ? [`the record of the group's name is not to be had: ${answer.why}`] : [];
}

function proposing({ promised, view, record, settings }: Waiting, members: readonly Member[]): readonly string[] {
  const missing = members.filter(({ id }) => id !== settings.self.id && !promised.has(id)).map(({ node }) => node);
  const elsewhere = view.boundElsewhere(missing, record.promise?.id);
  const parts = elsewhere.map(({ node, formation }) => `${node} has promised another group, ${formation}`);
  return [...(missing.length > 0 ? [`waits for the promise of ${missing.join(', ')}`] : []), ...parts];
}

function isSilent({ view, nowMs }: Waiting, node: string, forMs: number): boolean {
  const sight = view.of(node);
  return sight === undefined || nowMs - sight.heardMs > forMs;
}

function lastHeard({ view, nowMs }: Waiting, node: string): string {
  const sight = view.of(node);
  return sight === undefined
    ? `${node} (never seen)`
    : `${node} (last seen ${Math.round((nowMs - sight.heardMs) / 1000)} s ago)`;
}

export function timeoutText(timeoutMs: number, why: string): string {
  return `no group within RaftBootstrapTimeoutSeconds (${timeoutMs / 1000}): ${why}`;
}

export function stateText({ nodeId }: Identity): string {
  return `RaftDataDir of ${nodeId} has a Raft log, but nothing says of which group: restore identity.json, or name an empty directory and the node joins anew`;
}

export function outsideText({ clusterId, contact }: ForeignGroup, { id }: Member): string {
  return `group ${clusterId} was formed without this incarnation (${id}), as ${contact.node} says: asks to be taken in, and takes the place of a former incarnation that has gone`;
}

export function twoGroupsText(one: ForeignGroup, other: ForeignGroup): string {
  return `two groups are formed: ${one.clusterId}, as ${one.contact.node} says, and ${other.clusterId}, as ${other.contact.node} says. Stop the nodes of the one that is not meant, and start this one again`;
}

export function boundText({ clusterId, contact }: ForeignGroup, promised: string | undefined): string {
  return `group ${clusterId} is formed, as ${contact.node} says, but this node has promised to found ${promised}: make sure that no node belongs to that one, then take the promise back with raft-reset-formation`;
}
