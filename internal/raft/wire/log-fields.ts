// What a log consists of, in bytes. Reading refuses what no correct node would have: the core may rely on it.

import { crc32c } from '@node-rs/crc32';
import type { Configuration, LogEntry, Member, SnapshotMeta } from '../core/types.ts';
import {
  blob,
  checked,
  choice,
  count,
  type Field,
  flag,
  list,
  malformed,
  stamp,
  struct,
  text,
  u16,
  u32,
  union,
} from './bytes.ts';

/** Generous against the limits of a group (2.13), small against memory. */
export const MOST_MEMBERS = 64;
const MOST_LABELS = 32;

export const memberId = text(512);
const words = text(512);

export const labels: Field<Readonly<Record<string, string>>> = {
  write(out, value) {
    const pairs = Object.entries(value);
    if (pairs.length > MOST_LABELS) throw new RangeError(`${pairs.length} labels, at most ${MOST_LABELS} fit`);
    u16.write(out, pairs.length);
    for (const [name, meaning] of pairs) {
      words.write(out, name);
      words.write(out, meaning);
    }
  },
  read(from) {
    const length = u16.read(from);
    if (length > MOST_LABELS) throw malformed(`${length} labels`);
    const pairs = Array.from({ length }, () => [words.read(from), words.read(from)] as const);
    if (new Set(pairs.map(([name]) => name)).size !== length) throw malformed('a label twice');
    return Object.fromEntries(pairs);
  },
};

export const member = struct<Member>({
  id: memberId,
  node: words,
  incarnation: words,
  address: words,
  labels,
  promote: flag,
});

const ids = list(memberId, MOST_MEMBERS, 2);

export const configuration = checked(
  struct<Configuration>({
    members: list(member, MOST_MEMBERS, 11),
    voters: ids,
    outgoing: ids,
    learners: ids,
    nextLearners: ids,
    reaped: ids,
  }),
  ({ members, voters, outgoing, learners, nextLearners }) => {
    const known = new Set(members.map(({ id }) => id));
    if (known.size !== members.length || known.has('')) throw malformed('members without an id of their own');
    if (voters.length === 0) throw malformed('a configuration without voters');
    for (const group of [voters, outgoing, learners, nextLearners])
      if (new Set(group).size !== group.length || !group.every((id) => known.has(id)))
        throw malformed('a configuration that names nobody, or somebody twice');
  },
);

const head = { index: count, term: count, stampMs: stamp };

export const entry = checked(
  union<LogEntry>({
    command: [1, struct({ ...head, data: blob })],
    noop: [2, struct(head)],
    configuration: [3, struct({ ...head, configuration })],
  }),
  ({ index, term }) => {
    if (index === 0 || term === 0) throw malformed('an entry without index or term');
  },
);
/** Of a no-op, the smallest kind. */
export const LEAST_ENTRY_BYTES = 25;

export const snapshotMeta = checked(
  struct<SnapshotMeta>({
    id: text(256),
    index: count,
    term: count,
    stampMs: stamp,
    configuration,
    configurationIndex: count,
    bytes: count,
  }),
  ({ id, index, term, configurationIndex }) => {
    if (id === '' || index === 0 || term === 0 || configurationIndex > index) throw malformed('an impossible snapshot');
  },
);

export const standing = choice(['ready', 'lastResort']);

/** Part of a snapshot with the CRC-32C of it behind: it goes to a disk, and not every connection has a checksum of its own. */
export const summed: Field<Uint8Array> = {
  write(out, value) {
    blob.write(out, value);
    u32.write(out, crc32c(value));
  },
  read(from) {
    const value = blob.read(from);
    if (u32.read(from) !== crc32c(value)) throw malformed('a part of a snapshot with a wrong sum');
    return value;
  },
};
