// What a survivor has, and who has the most (F-70): each recovery declares its own end of the log agreed on, and two different ends must not
// both be.

import { OrchestratorError } from '../../runtime/errors.ts';
import type { Recovered } from '../core/inputs.ts';
import { type LogEntry, NO_SNAPSHOT } from '../core/types.ts';
import { pathsIn } from '../store/directory.ts';
import { examine } from '../store/examine.ts';
import { damageText, fatal } from '../store/failures.ts';
import { type Files, nodeFiles, readWhole } from '../store/files.ts';
import { memberIdOf } from '../store/identity.ts';
import { hardStateOf } from '../store/stored-state.ts';
import { configurationOf, wanted } from './salvage.ts';

export interface Survivor {
  readonly node: string;
  readonly address: string;
  readonly clusterId: string;
  readonly generation: number;
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** Of the log up to its end: equal where the logs are. Logs that begin differently may have different ones and be equal all the same. */
  readonly digest: string;
  /** Names of the voters, as its log has them. */
  readonly voters: readonly string[];
}

export interface Survey {
  readonly survivor: Survivor;
  /** What `peers.json` would make of it: the names of voters and of others. Null: there is none. */
  readonly peers:
    | { readonly voters: readonly string[]; readonly learners: readonly string[] }
    | { readonly problem: string }
    | null;
}

const LOCK_WAIT_MS = 2_000;

/**
 * Changes nothing.
 *
 * @throws {OrchestratorError} `CONFLICT`: the node runs; `NOT_FOUND`: there is no log of a group; `RAFT_STORE_DAMAGED`; `RAFT_STORE_FAILED`
 */
export function survey(directory: string, defaultPort: number, files: Files = nodeFiles): Survey {
  try {
    const paths = pathsIn(directory);
    const entries: LogEntry[] = [];
    const visit = (_row: unknown, _sound: boolean, entry: LogEntry | undefined) => entry && entries.push(entry);
    const { identity, state, latest, damage, blank } = examine(files, paths, { lockWaitMs: LOCK_WAIT_MS, visit });
    if (damage.length > 0) throw new OrchestratorError('RAFT_STORE_DAMAGED', damage.map(damageText).join('; '));
    if (blank || identity === undefined || state === undefined || identity.clusterId === undefined)
      throw new OrchestratorError('NOT_FOUND', `RaftDataDir ${directory}: there is no log of a group`);
    const { before, last, removed } = state;
    const self = memberIdOf(identity);
    const found = { self, removed, before, entries, hardState: hardStateOf(state), snapshot: latest ?? NO_SNAPSHOT };
    const { members, voters } = configurationOf(found);
    const { nodeId: node, address, clusterId, generation } = identity;
    const bytes = readWhole(files, paths.peers);
    return {
      survivor: {
        ...{ node, address, clusterId, generation, lastIndex: last.index, lastTerm: last.term },
        digest: last.crc.toString(16).padStart(8, '0'),
        voters: members.filter(({ id }) => voters.includes(id)).map((member) => member.node),
      },
      peers:
        bytes === undefined
          ? null
          : outcomeOf(() =>
              wanted(identity, found as Omit<Recovered, 'applied'>, Buffer.from(bytes).toString('utf8'), defaultPort),
            ),
    };
  } catch (err) {
    throw fatal(directory, 'reading the log', err);
  }
}

export interface Comparison {
  /** The end of whose log counts. */
  readonly best: Survivor;
  /** Whether all may stand in `peers.json`; else the best alone may, and the others join with empty directories. */
  readonly same: boolean;
}

/** @throws {OrchestratorError} `CONFLICT`: they are not of one group, or one of them was recovered already */
export function compare(survivors: readonly [Survivor, ...Survivor[]]): Comparison {
  const [first] = survivors;
  for (const { node, clusterId, generation } of survivors)
    if (clusterId !== first.clusterId || generation !== first.generation)
      throw new OrchestratorError(
        'CONFLICT',
        `${node} is of group ${clusterId}, generation ${generation}, and ${first.node} of ${first.clusterId}, generation ${first.generation}: only survivors of one group are compared`,
      );
  const ahead = (one: Survivor, other: Survivor) => one.lastTerm - other.lastTerm || one.lastIndex - other.lastIndex;
  const best = survivors.reduce((most, one) => (ahead(one, most) > 0 ? one : most));
  return { best, same: survivors.every((one) => ahead(one, best) === 0 && one.digest === best.digest) };
}

function outcomeOf(work: () => ReturnType<typeof wanted>): Exclude<Survey['peers'], null> {
  try {
    const { members, voters, learners } = work();
    const names = (ids: readonly string[]) => members.filter(({ id }) => ids.includes(id)).map(({ node }) => node);
    return { voters: names(voters), learners: names(learners) };
  } catch (err) {
    if (err instanceof OrchestratorError && err.code === 'CONFIG_INVALID') return { problem: err.message };
    throw err;
  }
}
