// `peers.json`: the membership that an operator forces upon the survivors of a group without a majority (F-70).

import { OrchestratorError } from '../../runtime/errors.ts';
import { formatAddress, parseAddress } from '../address.ts';
import { settled } from '../core/membership.ts';
import type { Configuration, Member, MemberId } from '../core/types.ts';

/** As it stands in the file; a plain text is an address. */
export interface PeerEntry {
  readonly id: string | undefined;
  /** In its one spelling. */
  readonly address: string;
  readonly nonVoter: boolean;
}

/**
 * @param defaultPort for addresses without one
 * @throws {OrchestratorError} `CONFIG_INVALID`: no list, an entry without an address, the same twice, or nobody who votes
 */
export function parsePeers(text: string, defaultPort: number): readonly PeerEntry[] {
  const list = parsed(text);
  if (!Array.isArray(list) || list.length === 0)
    throw invalid('it must be a list of {"id", "address", "non_voter"}, or of addresses, and not an empty one');
  const entries = list.map((one, at) => entryOf(one, at + 1, defaultPort));
  for (const key of ['id', 'address'] as const) {
    const named = entries.map((entry) => entry[key]).filter((one) => one !== undefined);
    const twice = named.find((one, at) => named.indexOf(one) !== at);
    if (twice !== undefined) throw invalid(`${twice} stands in it twice`);
  }
  if (entries.every(({ nonVoter }) => nonVoter)) throw invalid('nobody in it votes');
  return entries;
}

/**
 * The membership that it stands for. Everybody in it is a survivor: a member of the group as this node's log knows it.
 *
 * @throws {OrchestratorError} `CONFIG_INVALID`: somebody is no member, is named twice, or this node is not named
 */
export function forcedMembership(
  entries: readonly PeerEntry[],
  { members }: Configuration,
  self: MemberId,
): Configuration {
  const found = entries.map((entry) => {
    const member = members.find((one) => isMeant(entry, one));
    if (member === undefined)
      throw invalid(
        `${entry.id ?? entry.address} was no member of the group (${members.map(({ node }) => node).join(', ')}): name survivors only, the others join afterwards`,
      );
    return { ...member, address: entry.address, promote: !entry.nonVoter };
  });
  const twice = found.find(({ id }, at) => found.findIndex((one) => one.id === id) !== at);
  if (twice !== undefined) throw invalid(`${twice.node} stands in it twice, under different names`);
  if (!found.some(({ id }) => id === self)) throw invalid(`this node (${self}) does not stand in it`);
  const ids = (vote: boolean) => found.filter(({ promote }) => promote === vote).map(({ id }) => id);
  return settled({
    members: new Map(found.map((member) => [member.id, member])),
    voters: ids(true),
    learners: ids(false),
  });
}

/** By the id of the member or of the node; by the address where it has none. */
function isMeant({ id, address }: PeerEntry, member: Member): boolean {
  if (id !== undefined) return member.id === id || member.node === id;
  return member.address === address || member.node === address;
}

function entryOf(one: unknown, at: number, defaultPort: number): PeerEntry {
  const { id, address, non_voter: nonVoter = false } = typeof one === 'string' ? { address: one } : fieldsOf(one);
  const wellFormed =
    typeof address === 'string' && ['string', 'undefined'].includes(typeof id) && typeof nonVoter === 'boolean';
  if (!wellFormed) throw invalid(`entry ${at} is neither an address nor {"id", "address", "non_voter"}`);
  const known = formatAddress(parseAddress(address, `peers.json, entry ${at}`, defaultPort));
  return { id: typeof id === 'string' && id !== '' ? id : undefined, address: known, nonVoter };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw invalid('it is no JSON', cause);
  }
}

function invalid(what: string, cause?: unknown): OrchestratorError {
  const details = cause === undefined ? {} : { cause };
  return new OrchestratorError('CONFIG_INVALID', `peers.json: ${what}`, details);
}
