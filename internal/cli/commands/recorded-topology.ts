import { drawNames } from '../../http/ascii-topology.ts';
import type { ClusterSnapshot } from '../../topology/cluster.ts';
import { type CommandContext, fail, type Lines } from '../command.ts';
import { regularExpression } from './regular-expression.ts';

/** What the help of a command says of it. */
export const RECORDED =
  'With -pattern: names as they stood when snapshot-topologies was run last at a Unix time that the expression fits.';

/** The tree of a cluster as it was in the newest recorded picture that `-pattern` fits; undefined where there is no `-pattern`. */
export async function recordedTopology(context: CommandContext): Promise<Lines | undefined> {
  const pattern = context.arguments.text('pattern');
  if (pattern === '') return undefined;
  const expression = regularExpression(pattern);
  const name = clusterName(context);
  const members = await context.world.store.topologyHistory.newest(name, (seconds) => expression.test(seconds));
  if (members.length === 0) return fail(`No recorded topology of cluster ${name} has a Unix time like ${pattern}`);
  const snapshot: ClusterSnapshot = {
    ...{ name, alias: name, domain: '', takenAtMs: 0, members },
    ...{ downtimes: new Map(), maintenance: new Set() },
  };
  return drawNames(snapshot);
}

/** A cluster may have had another name then. */
function clusterName({ select, arguments: given }: CommandContext): string {
  try {
    return select.cluster().name;
  } catch (err) {
    if (given.text('alias') === '') throw err;
    return given.text('alias');
  }
}
