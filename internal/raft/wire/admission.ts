import { FEATURES, type Hello, type Identity, type RefusalCode, type VersionRange, WIRE_VERSIONS } from './hello.ts';

/** Said to the other side before the connection is closed. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly reason: string;
}

/** What two nodes agreed on. */
export interface Agreement {
  readonly wireVersion: number;
  /** Bits that both have. */
  readonly features: number;
}

/** Before anything else is believed: do we speak the same language, and prove ourselves in the same way? */
export function agree(own: Hello, theirs: Hello): Agreement | Refusal {
  const wireVersion = Math.min(own.versions.most, theirs.versions.most);
  if (wireVersion < Math.max(own.versions.least, theirs.versions.least))
    return refuse(
      'version',
      `wire versions ${spelled(theirs.versions)} of release ${theirs.identity.release} and ${spelled(own.versions)} of release ${own.identity.release} have none in common: upgrade the older node`,
    );
  if (own.mode !== theirs.mode)
    return refuse(
      'authentication',
      `${own.identity.node} uses ${SPELLED[own.mode]}, ${theirs.identity.node} ${SPELLED[theirs.mode]}: configure the same on all nodes`,
    );
  return { wireVersion, features: own.features & theirs.features };
}

/**
 * Whether two nodes that have proved themselves belong together. Undefined: they do.
 *
 * @param wanted the member that was looked for, where one was
 */
export function judge(own: Identity, theirs: Identity, wanted: string | undefined): Refusal | undefined {
  const they = `node ${theirs.node}`;
  if (theirs.member === own.member) return refuse('self', `node ${own.node} has reached itself`);
  if (theirs.clusterName !== own.clusterName)
    return refuse(
      'clusterName',
      `node ${own.node} belongs to "${own.clusterName}", ${they} to "${theirs.clusterName}": compare RaftClusterName`,
    );
  if (own.clusterId !== '' && theirs.clusterId !== '') {
    if (own.clusterId !== theirs.clusterId)
      return refuse(
        'clusterId',
        `node ${own.node} belongs to group ${own.clusterId}, ${they} to group ${theirs.clusterId}: one of them has the data directory of another group`,
      );
    if (own.generation !== theirs.generation)
      return refuse(
        'generation',
        `node ${own.node} is of generation ${own.generation}, ${they} of ${theirs.generation}: the group was recovered without the older one, which must join anew`,
      );
  }
  if (wanted !== undefined && wanted !== theirs.member)
    return refuse('otherMember', `at this address is ${they} (${theirs.member}), not ${wanted}`);
  return undefined;
}

export function ownHello(identity: Identity, rest: Pick<Hello, 'mode' | 'lane' | 'wanted' | 'nonce'>): Hello {
  return { versions: WIRE_VERSIONS, features: FEATURES, identity, ...rest };
}

const SPELLED = { none: 'no authentication', secret: 'a shared secret', tls: 'certificates' } as const;

function spelled({ least, most }: VersionRange): string {
  return least === most ? `${most}` : `${least} to ${most}`;
}

function refuse(code: RefusalCode, reason: string): Refusal {
  return { code, reason };
}
