import {
  checked,
  count,
  decode,
  encode,
  type Field,
  list,
  malformed,
  optional,
  stamp,
  struct,
  text,
  u8,
  union,
} from '../wire/bytes.ts';
import { MOST_MEMBERS, member, memberId } from '../wire/log-fields.ts';
import type { Bond, Formation, FormingMessage } from './types.ts';

/** First byte of each message: the layout of the rest. */
const LAYOUT = 1;
/** Of a member whose texts are all empty. */
const LEAST_MEMBER_BYTES = 11;

const formationId = checked(text(64), (id) => {
  if (!/^[0-9a-f]{32}$/.test(id)) throw malformed('no id of a formation');
});
const groupId = checked(text(256), (id) => {
  if (id === '') throw malformed('a group without an id');
});
const node = text(512);

const formation: Field<Formation> = checked(
  struct<Formation>({
    id: formationId,
    proposer: memberId,
    stampMs: stamp,
    generation: count,
    members: list(member, MOST_MEMBERS, LEAST_MEMBER_BYTES),
  }),
  ({ proposer, members }) => {
    const ids = members.map(({ id }) => id);
    if (!ids.includes(proposer)) throw malformed('a formation without its proposer');
    if (ids.some((id, at) => id === '' || (at > 0 && id <= ids[at - 1]!)))
      throw malformed('members out of their order, or twice');
    if (new Set(members.map((one) => one.node)).size < ids.length) throw malformed('two members that are one node');
  },
);

const bond = struct<Bond>({ formation: formationId, proposer: memberId, stampMs: stamp });

/** Numbers are never given to another kind. */
const message: Field<FormingMessage> = union<FormingMessage>({
  hail: [
    1,
    struct({ member, founders: list(node, MOST_MEMBERS, 2), expect: count, generation: count, bond: optional(bond) }),
  ],
  propose: [2, struct({ formation })],
  promise: [3, struct({ formation: formationId })],
  abort: [4, struct({ formation: formationId })],
  formed: [5, struct({ clusterId: groupId, generation: count })],
});

const versioned: Field<FormingMessage> = {
  write(out, value) {
    u8.write(out, LAYOUT);
    message.write(out, value);
  },
  read(from) {
    const layout = u8.read(from);
    if (layout !== LAYOUT) throw malformed(`layout ${layout} is not known`);
    return message.read(from);
  },
};

export function encodeForming(value: FormingMessage): Buffer {
  return encode(versioned, value);
}

/** @throws {WireFault} `malformed`, and nothing else, whatever the bytes */
export function decodeForming(bytes: Uint8Array): FormingMessage {
  return decode(versioned, bytes);
}
