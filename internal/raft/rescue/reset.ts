// `raft-reset-formation`: takes back what a node without a group has promised, or lets a removed one begin anew (F-14, R-85).

import { OrchestratorError } from '../../runtime/errors.ts';
import { readRecord, writeRecord } from '../forming/record.ts';
import { NO_RECORD } from '../forming/types.ts';
import { pathsIn, setAside } from '../store/directory.ts';
import { DamageFound, damageText } from '../store/failures.ts';
import { type Files, nodeFiles } from '../store/files.ts';
import { openStore } from '../store/raft-store.ts';

export type Reset =
  /** The formation that it had promised, if any. */
  | { readonly kind: 'released'; readonly promised: string | undefined }
  /** Everything of the removed member is in this directory now. */
  | { readonly kind: 'setAside'; readonly place: string };

/**
 * The node must not run.
 *
 * @param name of the directory that a removed member's files are moved into
 * @throws {OrchestratorError} `CONFLICT`: the node runs, or belongs to a group; `NOT_FOUND`: there is nothing; `RAFT_STORE_DAMAGED`,
 *   `RAFT_STORE_FAILED`
 */
export function resetFormation(directory: string, name: string, files: Files = nodeFiles): Reset {
  const paths = pathsIn(directory);
  if (files.size(paths.identity) === undefined)
    throw new OrchestratorError('NOT_FOUND', `RaftDataDir ${directory}: there is no node, and nothing was promised`);
  const nobody = { clusterId: undefined, nodeId: '', incarnation: '', generation: 0, address: '' };
  const opened = openStore({ directory, fresh: nobody, files, reserveBytes: 0 });
  if (opened.kind === 'damaged')
    throw new OrchestratorError('RAFT_STORE_DAMAGED', opened.damage.map(damageText).join('; '));
  const { identity, recovered, store } = opened;
  try {
    if (!recovered.removed) {
      if (identity.clusterId !== undefined)
        throw new OrchestratorError(
          'CONFLICT',
          `${identity.nodeId} belongs to group ${identity.clusterId}: there is no promise to take back. To make it join anew, move RaftDataDir ${directory} away by hand`,
        );
      const { promise, stampMs } = readRecord(files, paths.formation, identity.incarnation);
      writeRecord(files, paths.formation, identity.incarnation, { ...NO_RECORD, stampMs });
      return { kind: 'released', promised: promise?.id };
    }
  } catch (err) {
    if (err instanceof DamageFound) throw new OrchestratorError('RAFT_STORE_DAMAGED', damageText(err.damage));
    throw err;
  } finally {
    store.close();
  }
  return { kind: 'setAside', place: setAside(files, directory, name) };
}
