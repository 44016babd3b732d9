// `raft-recover`: what a start with `peers.json` does, without starting.

import { OrchestratorError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { pathsIn } from '../store/directory.ts';
import { DamageFound, damageText, fatal } from '../store/failures.ts';
import { type Files, nodeFiles } from '../store/files.ts';
import { openStore } from '../store/raft-store.ts';
import { configurationOf, lastIndexOf, salvage } from './salvage.ts';

export interface Recovered {
  readonly generation: number;
  /** Names of the nodes. */
  readonly voters: readonly string[];
  readonly lastIndex: number;
}

/**
 * @throws {OrchestratorError} `NOT_FOUND`: no `peers.json`, or no node; `CONFIG_INVALID`: it cannot be meant so; `CONFLICT`: the node runs;
 *   `RAFT_STORE_DAMAGED`, `RAFT_STORE_FAILED`
 */
export function recoverNow(directory: string, defaultPort: number, log: Log, files: Files = nodeFiles): Recovered {
  const paths = pathsIn(directory);
  for (const path of [paths.identity, paths.peers])
    if (files.size(path) === undefined) throw new OrchestratorError('NOT_FOUND', `there is no ${path}`);
  const nobody = { clusterId: undefined, nodeId: '', incarnation: '', generation: 0, address: '' };
  const opened = openStore({ directory, fresh: nobody, files, reserveBytes: 0 });
  if (opened.kind === 'damaged')
    throw new OrchestratorError('RAFT_STORE_DAMAGED', opened.damage.map(damageText).join('; '));
  try {
    const { store } = opened;
    const { identity, recovered } = salvage(opened.identity, opened.recovered, {
      files,
      paths,
      store,
      log,
      defaultPort,
    });
    const { members, voters } = configurationOf(recovered);
    const names = members.filter(({ id }) => voters.includes(id)).map(({ node }) => node);
    return { generation: identity.generation, voters: names, lastIndex: lastIndexOf(recovered) };
  } catch (err) {
    if (err instanceof DamageFound) throw new OrchestratorError('RAFT_STORE_DAMAGED', damageText(err.damage));
    throw fatal(directory, 'forcing a membership', err);
  } finally {
    opened.store.close();
  }
}
