// The four messages of the handshake. The head of the hello up to the versions never changes its layout, so that nodes of any two releases
// can at least tell each other why they do not get along.

import {
  blob,
  checked,
  choice,
  count,
  type Field,
  list,
  malformed,
  optional,
  struct,
  text,
  u8,
  u16,
  u32,
  union,
} from './bytes.ts';

const NAME = text(256);
const MAGIC = 'orchestrator-raft';
const NONCE_BYTES = 32;
const PROOF_BYTES = 32;

/** Wire versions that this release speaks, and feature bits that both sides must have for a feature to be used. */
export const WIRE_VERSIONS: VersionRange = { least: 1, most: 1 };
export const FEATURES = 0;

export interface VersionRange {
  readonly least: number;
  readonly most: number;
}

/** Who a node is. Ids of a group and its generation are empty and 0 in a node that belongs to none yet. */
export interface Identity {
  readonly clusterName: string;
  readonly clusterId: string;
  readonly generation: number;
  readonly node: string;
  readonly incarnation: string;
  /** Its id in configurations. */
  readonly member: string;
  /** Where it wants to be dialled, `host:port`. */
  readonly address: string;
  /** Release of the program, for status and logs. */
  readonly release: string;
  /** Newest protocol of the group that it can follow; the group raises its own when all can. */
  readonly protocol: number;
}

export const MODES = ['none', 'secret', 'tls'] as const;
/** How nodes prove that they belong together. */
export type Mode = (typeof MODES)[number];

const LANES = ['swift', 'bulk'] as const;
/** Each peer is dialled twice: what is small and urgent never waits behind what is large. */
export type Lane = (typeof LANES)[number];

export interface Hello {
  readonly versions: VersionRange;
  readonly features: number;
  readonly mode: Mode;
  readonly lane: Lane;
  /** The member that the dialler wants to reach; undefined where it knows an address only. */
  readonly wanted: string | undefined;
  readonly nonce: Uint8Array;
  readonly identity: Identity;
}

/** `busy`: too many connections. `address`: not from where, or to where, it is allowed. */
export const REFUSALS = [
  'version',
  'authentication',
  'self',
  'otherMember',
  'clusterName',
  'clusterId',
  'generation',
  'removed',
  'address',
  'busy',
  'stopped',
] as const;
export type RefusalCode = (typeof REFUSALS)[number];

export type HandshakeMessage =
  | ({ readonly kind: 'hello' } & Hello)
  /** By each of the dialler's secrets; none where the mode needs none. */
  | { readonly kind: 'proof'; readonly proofs: readonly Uint8Array[] }
  /** `secret`: which of the proofs was one. */
  | { readonly kind: 'welcome'; readonly secret: number; readonly proof: Uint8Array | undefined }
  | { readonly kind: 'refusal'; readonly code: RefusalCode; readonly reason: string };

const exactly = (bytes: number): Field<Uint8Array> =>
  checked(blob, ({ length }) => {
    if (length !== bytes) throw malformed(`${length} bytes in place of ${bytes}`);
  });

const magic = checked(text(64), (value) => {
  if (value !== MAGIC) throw malformed('no node of a group speaks like this');
});

const identity = struct<Identity>({
  clusterName: NAME,
  clusterId: NAME,
  generation: count,
  node: NAME,
  incarnation: NAME,
  member: text(512),
  address: text(512),
  release: NAME,
  protocol: u16,
});

const hello = struct<Omit<Hello, 'identity'> & { magic: string; identity: Identity; later: Uint8Array }>({
  magic,
  versions: struct<VersionRange>({ least: u16, most: u16 }),
  features: u32,
  mode: choice(MODES),
  lane: choice(LANES),
  wanted: optional(text(512)),
  nonce: exactly(NONCE_BYTES),
  identity,
  later: blob, // what later releases add; ignored, but covered by the proofs
});

export const handshakeMessage: Field<HandshakeMessage> = union<HandshakeMessage>({
  hello: [
    1,
    {
      write: (out, value) => hello.write(out, { ...value, magic: MAGIC, later: new Uint8Array(0) }),
      read(from) {
        const { magic: _magic, later: _later, ...rest } = hello.read(from);
        return rest;
      },
    },
  ],
  proof: [2, struct({ proofs: list(exactly(PROOF_BYTES), 2, 4 + PROOF_BYTES) })],
  welcome: [3, struct({ secret: u8, proof: optional(exactly(PROOF_BYTES)) })],
  refusal: [4, struct({ code: choice(REFUSALS), reason: text(1024) })],
});
