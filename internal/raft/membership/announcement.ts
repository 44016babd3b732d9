// What every node that belongs to a group says to the others of it now and then, on the channel `members`.

import { formatAddress, parseAddress } from '../address.ts';
import { checked, decode, encode, type Field, flag, list, malformed, struct, text, u8 } from '../wire/bytes.ts';
import { labels, MOST_MEMBERS } from '../wire/log-fields.ts';

export interface Announcement {
  /** Where it is to be dialled, `host:port`: its record in the group follows (C-21). */
  readonly address: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Its `RaftNodes`, each in its one spelling, sorted; empty where it has no list of several. */
  readonly list: readonly string[];
  /** Names that its list had before, of nodes that belong to the group still: what it wants to go (C-131). */
  readonly dropped: readonly string[];
  /** It ends, and wants to be no member any more (F-40). */
  readonly leaving: boolean;
}

/** First byte of each announcement: the layout of the rest. */
const LAYOUT = 1;
const name = text(512);
const names = list(name, MOST_MEMBERS, 2);

const announcement: Field<Announcement> = struct<Announcement>({
  address: checked(name, (value) => {
    if (!isAddress(value)) throw malformed(`"${value.slice(0, 100)}" is no address`);
  }),
  labels,
  list: names,
  dropped: names,
  leaving: flag,
});

const versioned: Field<Announcement> = {
  write(out, value) {
    u8.write(out, LAYOUT);
    announcement.write(out, value);
  },
  read(from) {
    const layout = u8.read(from);
    if (layout !== LAYOUT) throw malformed(`layout ${layout} is not known`);
    return announcement.read(from);
  },
};

export function encodeAnnouncement(value: Announcement): Buffer {
  return encode(versioned, value);
}

function isAddress(text: string): boolean {
  try {
    return formatAddress(parseAddress(text, 'an announcement', 0)) === text;
  } catch {
    return false;
  }
}

/** @throws {WireFault} `malformed`, and nothing else, whatever the bytes */
export function decodeAnnouncement(bytes: Uint8Array): Announcement {
  return decode(versioned, bytes);
}
