import { createHash } from 'node:crypto';
import { foundingConfiguration } from '../core/membership.ts';
import { foundingEntry, type LogEntry, type Member } from '../core/types.ts';
import type { Formation } from './types.ts';

type Terms = Omit<Formation, 'id'>;

/** @returns the formation of these members, with the id that follows from them. */
export function formationOf(clusterName: string, terms: Terms): Formation {
  const members = terms.members.map(plain).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const { proposer, stampMs, generation } = terms;
  const text = JSON.stringify([clusterName, generation, proposer, stampMs, members]);
  const id = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return { id, proposer, stampMs, generation, members };
}

/** Whether its id is that of its content, under this cluster's name: then nobody can mean something else by the same id. */
export function isSound(clusterName: string, formation: Formation): boolean {
  return formationOf(clusterName, formation).id === formation.id;
}

/** The same on all founders, down to the last byte. */
export function firstEntryOf({ members, stampMs }: Formation): LogEntry {
  return foundingEntry(foundingConfiguration(members.map(plain)), stampMs);
}

export function sameMembers(a: readonly Member[], b: readonly Member[]): boolean {
  return textOf(a) === textOf(b);
}

export function nodesOf({ members }: Formation): readonly string[] {
  return members.map(({ node }) => node).toSorted();
}

/** In the form that is hashed and compared: keys in a fixed order, labels too. */
function plain({ id, node, incarnation, address, labels, promote }: Member): Member {
  const sorted = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return { id, node, incarnation, address, labels: Object.fromEntries(sorted), promote };
}

function textOf(members: readonly Member[]): string {
  return JSON.stringify(members.map(plain).toSorted((a, b) => (a.id < b.id ? -1 : 1)));
}
