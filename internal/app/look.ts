// What this node sees of a server, found out now. That it does not see it means something only where it sees others.

import type { Opinion } from '../recovery/second-opinion.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Instance } from '../topology/instance.ts';
import { type InstanceKey, sameKey } from '../topology/instance-key.ts';

export interface LookDeps {
  readonly isWatched: (key: InstanceKey) => boolean;
  /** Servers that answered when they were read last, those nearest to the matter first. */
  readonly others: (key: InstanceKey) => readonly InstanceKey[];
  /** One fresh read. */
  readonly probe: (key: InstanceKey, timeoutMs: number) => Promise<Instance>;
}

/** So many other servers are asked whether this node reaches anybody. */
const WITNESSES = 3;

export async function look(key: InstanceKey, timeoutMs: number, deps: LookDeps): Promise<Opinion> {
  const { isWatched, others, probe } = deps;
  if (!isWatched(key)) return 'cannotTell';
  const near = others(key).filter((other) => !sameKey(other, key));
  const witnesses = near.slice(0, WITNESSES).map((other) => probe(other, timeoutMs));
  const reachesOthers = Promise.any(witnesses).then(
    () => true,
    () => false,
  );
  try {
    return (await probe(key, timeoutMs)).readOnly ? 'readOnly' : 'writable';
  } catch (err) {
    const { refused, errno } = contextOf(err);
    if (refused === true) return 'unseen'; // its host says that nobody listens
    if (typeof errno === 'number' && errno > 0) return 'cannotTell'; // it said no, and so it lives
    return (await reachesOthers) ? 'unseen' : 'cannotTell';
  }
}

/** Of the failure, or of what caused it. */
function contextOf(err: unknown): Readonly<Record<string, unknown>> {
  return err instanceof OrchestratorError ? err.context : {};
}
