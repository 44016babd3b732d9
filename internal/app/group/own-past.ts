// What a node finds of its former life when it starts: it goes on with it, or begins anew with it set aside.

import type { Config } from '../../config/keys.ts';
import type { NodeOptions } from '../../raft/node/thread-options.ts';
import { beginAnew, beginBehindBackend, type Former, type FormerLife } from '../../raft/rescue/begin-anew.ts';
import type { Log } from '../../runtime/log.ts';
import type { GroupParts } from './group-parts.ts';
import { nodeOptions } from './node-options.ts';

const SAYS: Readonly<Record<Former, string>> = {
  left: 'this node had left its group: it joins anew',
  reaped: 'this node was let go by its group, having been gone: it joins anew',
  outdated: 'the log of this node is older than its backend, as after a restore: it joins anew',
};

/**
 * To be called before anything else looks into `RaftDataDir`.
 *
 * @param adopt a backend that was copied from another node becomes that of this one (C-125)
 * @throws {OrchestratorError} `CONFLICT`, `CONFIG_INVALID`, `RAFT_STORE_FAILED`
 */
export async function withOwnPast(group: GroupParts, config: Config, adopt: boolean, log: Log): Promise<NodeOptions> {
  const { RaftDataDir } = config;
  tell(beginAnew(RaftDataDir), log);
  const options = await nodeOptions(config, 0);
  const applied = await group.applied(options.forming.self, adopt);
  const outdated = beginBehindBackend(RaftDataDir, applied);
  tell(outdated, log);
  return { ...options, applied: outdated === undefined ? applied : 0 };
}

function tell(life: FormerLife | undefined, log: Log): void {
  if (life === undefined) return;
  if (life.former === 'left') log.info(life, SAYS.left);
  else log.warn(life, SAYS[life.former]);
}
