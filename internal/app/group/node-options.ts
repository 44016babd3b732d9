// The keys of the configuration, as the node of the group wants them.

import { randomBytes } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { existsSync, readFileSync } from 'node:fs';
import type { Config } from '../../config/keys.ts';
import { formatAddress } from '../../raft/address.ts';
import { DEFAULT_SETTINGS, type RaftSettings } from '../../raft/core/settings.ts';
import { hasAnchor } from '../../raft/discovery/settings.ts';
import { type Founders, foundersOf } from '../../raft/forming/founders.ts';
import { type Layout, readLayout } from '../../raft/layout.ts';
import type { CareSettings } from '../../raft/membership/care.ts';
import type { FormingOptions, NodeOptions } from '../../raft/node/thread-options.ts';
import { parsePeers } from '../../raft/rescue/peers-file.ts';
import { pathsIn } from '../../raft/store/directory.ts';
import { inspect } from '../../raft/store/inspect.ts';
import { type Credentials, readCredentials, refuseOpenPort } from '../../raft/wire/credentials.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import { VERSION } from '../../runtime/version.ts';
import { finderSettingsOf } from './lookout.ts';

/** Of what the nodes say to each other. */
const PROTOCOL = 1;

/**
 * @param applied index that the backend holds everything up to
 * @throws {OrchestratorError} `CONFIG_INVALID`: which key, what is wrong, what to do
 */
export async function nodeOptions(config: Config, applied: number): Promise<NodeOptions> {
  const layout = await layoutOf(config);
  const credentials = credentialsOf(config);
  refuseOpenPort(credentials, layout.bind, (await addressesOf(layout.bind.host))[0] ?? layout.bind.host);
  const { finding, ...founders } = foundingOf(config, layout);
  return {
    store: {
      directory: config.RaftDataDir,
      fresh: {
        clusterId: undefined,
        nodeId: founders.self,
        incarnation: randomBytes(8).toString('hex'),
        generation: 1,
        address: formatAddress(layout.advertise),
      },
    },
    bind: layout.bind,
    advertise: formatAddress(layout.advertise),
    clusterName: config.RaftClusterName,
    defaultPort: config.DefaultRaftPort,
    forming: {
      ...founders,
      finding,
      timeoutMs: config.RaftBootstrapTimeoutSeconds * 1000,
      labels: config.RaftLabels,
      promote: !config.RaftNonVoter,
    },
    care: careOf(config),
    release: VERSION,
    protocol: PROTOCOL,
    credentials,
    allowed: config.RaftAllowedAddressSpace,
    settings: settingsOf(config),
    maxMessageBytes: config.RaftMaxMessageBytes,
    applied,
  };
}

/** Read anew at each reload. @throws {OrchestratorError} `CONFIG_INVALID`; never with anything of a secret */
export function credentialsOf(config: Config): Credentials {
  const keys = {
    tlsCertFile: config.RaftTLSCertFile,
    tlsPrivateKeyFile: config.RaftTLSPrivateKeyFile,
    tlsCaFile: config.RaftTLSCAFile,
    tlsNamePattern: config.RaftTLSNamePattern,
    sharedSecretFile: config.RaftSharedSecretFile,
    insecure: config.RaftInsecure,
  };
  return readCredentials(keys, (path) => readFileSync(path, 'utf8'));
}

/** How long this node waits for the others, and for its backend. */
export function membershipLimits(config: Config): { readonly proposalTimeoutMs: number; readonly endAfterMs: number } {
  return {
    proposalTimeoutMs: config.RaftProposalTimeoutMilliseconds,
    endAfterMs: config.RaftExitOnBackendFailureSeconds * 1000,
  };
}

/** Who founds the group with this node, and how this node is called. */
function foundingOf(config: Config, layout: Layout): Founders & Pick<FormingOptions, 'finding'> {
  const expect = config.RaftBootstrapExpect;
  if (layout.kind !== 'discovered') return { ...foundersOf(layout, expect), finding: undefined };
  const settings = finderSettingsOf(config);
  const anchored = settings !== undefined && hasAnchor(settings);
  const self = config.RaftNodeName === '' ? formatAddress(layout.advertise) : config.RaftNodeName;
  if (!/^[\w.:[\]-]{1,253}$/.test(self))
    throw new OrchestratorError(
      'CONFIG_INVALID',
      `RaftNodeName is ${JSON.stringify(self)}: set it to a name of letters, digits, dots and dashes, such as that of the host`,
    );
  return { self, nodes: [], founders: [], finding: { expect, anchored, alone: config.RaftSingleNode } };
}

function layoutOf(config: Config): Promise<Layout> {
  const keys = {
    bind: config.RaftBind,
    advertise: config.RaftAdvertise,
    nodes: config.RaftNodes,
    defaultPort: config.DefaultRaftPort,
    bootstrapExpect: config.RaftBootstrapExpect,
    discovery: finderSettingsOf(config) !== undefined,
    nonVoter: config.RaftNonVoter,
    votersOnDisk: config.RaftNodes.length > 1 ? 0 : votersIn(config),
  };
  return readLayout(keys, addressesOf);
}

/** 0: no group has been there. A membership that is about to be forced counts in place of the one on disk. */
function votersIn({ RaftDataDir: directory, DefaultRaftPort: port }: Config): number {
  const { database, peers } = pathsIn(directory);
  if (!existsSync(database)) return 0;
  if (existsSync(peers))
    return parsePeers(readFileSync(peers, 'utf8'), port).filter(({ nonVoter }) => !nonVoter).length;
  return inspect(directory).membership?.configuration.voters.length ?? 0;
}

async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return []; // it may be known later: members are looked up at each connection
  }
}

/** @throws {OrchestratorError} `CONFIG_INVALID`: who is not heard for so short a time may just have been restarted (F-51) */
function careOf(config: Config): Partial<CareSettings> {
  refuseHaste('RaftReapVoterAfterSeconds', config.RaftReapVoterAfterSeconds, 600);
  refuseHaste('RaftReapNonVoterAfterSeconds', config.RaftReapNonVoterAfterSeconds, 60);
  return {
    minFreeBytes: config.RaftMinFreeBytes,
    preferredLeaders: config.RaftPreferredLeaders,
    reapVoterAfterMs: config.RaftReapVoterAfterSeconds * 1000,
    reapLearnerAfterMs: config.RaftReapNonVoterAfterSeconds * 1000,
    reapMinVoters: config.RaftReapMinVoters,
  };
}

function refuseHaste(key: string, seconds: number, least: number): void {
  if (seconds !== 0 && seconds < least)
    throw new OrchestratorError(
      'CONFIG_INVALID',
      `${key} is ${seconds}: set it to ${least} or more, or to 0 for never`,
    );
}

function settingsOf(config: Config): RaftSettings {
  return {
    ...DEFAULT_SETTINGS,
    heartbeatMs: config.RaftHeartbeatMilliseconds,
    electionTimeoutMs: config.RaftElectionTimeoutMilliseconds,
    leaderLeaseMs: config.RaftLeaderLeaseMilliseconds,
    maxEntryBytes: config.RaftMaxEntryBytes,
    maxUncommittedEntries: config.RaftMaxUncommittedEntries,
    maxUncommittedBytes: config.RaftMaxUncommittedBytes,
    maxVoters: config.RaftMaxVoters,
    maxLearners: config.RaftMaxNonVoters,
    autoPromote: config.RaftAutoPromote,
    snapshotEntries: config.RaftSnapshotEntries,
    snapshotLogBytes: config.RaftSnapshotLogBytes,
    trailingEntries: config.RaftTrailingEntries,
  };
}
