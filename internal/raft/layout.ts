import { OrchestratorError } from '../runtime/errors.ts';
import { type Address, formatAddress, isLoopback, isUnspecified, parseAddress } from './address.ts';

/** The keys that say who this node is and who belongs to its group, as written. */
export interface LayoutKeys {
  readonly bind: string;
  /** Empty: as `bind`. */
  readonly advertise: string;
  readonly nodes: readonly string[];
  readonly defaultPort: number;
  /** How many founders are waited for; 0 where the key is not set. */
  readonly bootstrapExpect: number;
  /** Whether founders are found by a discovery service. */
  readonly discovery: boolean;
  /** `RaftNonVoter`: it founds nothing. */
  readonly nonVoter: boolean;
  /** Voters of the last configuration in the data directory; 0 for an empty one. */
  readonly votersOnDisk: number;
}

/** Who founds the group: this node alone, the listed ones, or those that discovery finds. */
export type Layout = {
  /** Where the listener is opened. */
  readonly bind: Address;
  /** What the others dial. */
  readonly advertise: Address;
} & (
  | { readonly kind: 'single' }
  | {
      readonly kind: 'static';
      /** This node's entry: the id of a node in a static group is the text of its address (C-22). */
      readonly self: Address;
      /** All entries, this node's included, each once, in the order of the list. */
      readonly nodes: readonly Address[];
    }
  | { readonly kind: 'discovered' }
);

/** All addresses of a name; empty where it has none or nobody answers. */
export type ResolveName = (host: string) => Promise<readonly string[]>;

/**
 * Reads the layout from the keys, rules C-03 to C-07 and C-22 to C-24.
 *
 * @param resolve asked only where no entry of the list has the text of this node's address
 * @throws {OrchestratorError} `CONFIG_INVALID`: the key, what is wrong, what to do
 */
export async function readLayout(keys: LayoutKeys, resolve: ResolveName): Promise<Layout> {
  const { bind, advertise } = ownAddresses(keys);
  const nodes = uniqueNodes(keys);
  if (keys.discovery) {
    refuseIf(nodes.length > 1, 'RaftNodes and RaftDiscovery both name founders: keep one of them');
    refuseIf(
      keys.bootstrapExpect < 1 && !keys.nonVoter,
      'RaftDiscovery does not say how many nodes found the group: set RaftBootstrapExpect to that number, the same on all of them',
    );
    return { kind: 'discovered', bind, advertise };
  }
  if (nodes.length === 0) {
    refuseAlone(keys, 'RaftNodes is empty');
    return { kind: 'single', bind, advertise };
  }
  const self = await ownEntry(nodes, { bind, advertise }, resolve);
  if (nodes.length === 1) {
    refuseAlone(keys, 'RaftNodes names this node only');
    return { kind: 'single', bind, advertise };
  }
  refuseIf(
    isLoopback(advertise.host) && nodes.some(({ host }) => !isLoopback(host)),
    `RaftAdvertise is ${formatAddress(advertise)}, which only this host can dial, and RaftNodes has nodes elsewhere: set RaftAdvertise to an address that they reach`,
  );
  return { kind: 'static', bind, advertise, self, nodes };
}

function ownAddresses({ bind: bindText, advertise: advertiseText, defaultPort }: LayoutKeys) {
  const bind = parseAddress(bindText, 'RaftBind of this node', defaultPort);
  refuseIf(
    isUnspecified(bind.host) && advertiseText.trim() === '',
    `RaftBind ${formatAddress(bind)} listens everywhere and names no address to dial: set RaftAdvertise to one that the other nodes reach`,
  );
  const advertise =
    advertiseText.trim() === '' ? bind : parseAddress(advertiseText, 'RaftAdvertise of this node', defaultPort);
  refuseIf(
    isUnspecified(advertise.host),
    `RaftAdvertise ${formatAddress(advertise)} cannot be dialled: set it to an address that the other nodes reach`,
  );
  return { bind, advertise };
}

function uniqueNodes({ nodes, defaultPort }: LayoutKeys): readonly Address[] {
  const parsed = nodes.map((text, at) => parseAddress(text, `RaftNodes, entry ${at + 1}`, defaultPort));
  return [...new Map(parsed.map((address) => [formatAddress(address), address])).values()];
}

/** By its text first, by what names stand for second; exactly one entry may be this node. */
async function ownEntry(
  nodes: readonly Address[],
  own: Readonly<Record<'bind' | 'advertise', Address>>,
  resolve: ResolveName,
): Promise<Address> {
  const texts = [formatAddress(own.advertise), formatAddress(own.bind)];
  const byText = nodes.filter((node) => texts.includes(formatAddress(node)));
  const found = byText.length > 0 ? byText : await entriesByAddress(nodes, [own.advertise, own.bind], resolve);
  const [self] = found;
  const listed = nodes.map(formatAddress).join(', ');
  if (self === undefined)
    throw invalid(
      `RaftNodes (${listed}) does not name this node, which is ${texts[0]}: add it, or set RaftAdvertise to the entry that is meant`,
    );
  refuseIf(
    found.length > 1,
    `RaftNodes names this node several times, as ${found.map(formatAddress).join(' and ')}: keep one, and set RaftAdvertise to it`,
  );
  return self;
}

async function entriesByAddress(
  nodes: readonly Address[],
  own: readonly Address[],
  resolve: ResolveName,
): Promise<readonly Address[]> {
  const places = async ({ host, port }: Address) =>
    (await resolve(host)).map((ip) => formatAddress({ host: ip, port }));
  const [mine, theirs] = await Promise.all([Promise.all(own.map(places)), Promise.all(nodes.map(places))]);
  const myPlaces = new Set(mine.flat());
  return nodes.filter((_, at) => theirs[at]?.some((place) => myPlaces.has(place)));
}

/** A node becomes a group of one on purpose only (C-24). */
function refuseAlone({ bootstrapExpect, votersOnDisk }: LayoutKeys, because: string): void {
  refuseIf(
    bootstrapExpect > 1,
    `${because} and RaftBootstrapExpect is ${bootstrapExpect}: name the founders in RaftNodes or set RaftDiscovery; for a single node set RaftBootstrapExpect to 1`,
  );
  refuseIf(
    votersOnDisk > 1,
    `${because}, but RaftDataDir belongs to a group of ${votersOnDisk} voters: restore RaftNodes; to go on alone on purpose, put a peers.json that names this node only into RaftDataDir`,
  );
}

function refuseIf(wrong: boolean, message: string): void {
  if (wrong) throw invalid(message);
}

function invalid(message: string): OrchestratorError {
  return new OrchestratorError('CONFIG_INVALID', message);
}
