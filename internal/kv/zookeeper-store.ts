// ZooKeeper: each key is a node, with one slash in front. Those of a cluster are written in one transaction, each on top of the version
// that was read: https://zookeeper.apache.org/doc/r3.8.0/zookeeperProgrammers.html

import { errorText, OrchestratorError } from '../runtime/errors.ts';
import { changesOf, type Held, type KeyValueStore, type PairGroup } from './store.ts';
import { type NodeChange, type ZooKeeperPlace, ZooKeeperSession } from './zookeeper-session.ts';

export class ZooKeeperStore implements KeyValueStore {
  readonly name = 'ZooKeeper';
  readonly #place: ZooKeeperPlace;

  constructor(place: ZooKeeperPlace) {
    this.#place = place;
  }

  /** A cluster whose name cannot be that of a node does not keep the others from being written. */
  write(groups: readonly PairGroup[], confirm: () => void, signal: AbortSignal): Promise<void> {
    const work = async (session: ZooKeeperSession) => {
      const failures: string[] = [];
      for (const group of groups)
        await this.#writeGroup(session, group, confirm).catch((err: unknown) => void failures.push(errorText(err)));
      signal.throwIfAborted();
      confirm(); // why it failed, where this node may not write any more
      if (failures.length > 0) throw new OrchestratorError('UNAVAILABLE', failures.join('; '));
    };
    return ZooKeeperSession.with(this.#place, work, signal);
  }

  /** Each write has a session of its own. */
  async close(): Promise<void> {}

  async #writeGroup(session: ZooKeeperSession, group: PairGroup, confirm: () => void): Promise<void> {
    const { name, pairs } = group;
    const nodes = { name, pairs: pairs.map(({ key, value }) => ({ key: pathOf(key), value })) };
    const held = new Map<string, Held>();
    for (const { key } of nodes.pairs) {
      const node = await session.get(key);
      if (node !== undefined) held.set(key, { value: node.value, revision: String(node.version) });
    }
    const changes = changesOf(nodes, held).map(({ key, value, revision }): NodeChange => {
      return { path: key, value, version: held.has(key) ? Number(revision) : undefined };
    });
    const [first] = changes;
    if (first === undefined) return;
    confirm();
    if (first.version === undefined) await session.makeParents(first.path); // the others stand below it
    confirm();
    if (!(await session.change(changes)))
      throw new OrchestratorError('UNAVAILABLE', `${name}: somebody else wrote at the same moment`);
  }
}

/** @throws {OrchestratorError} `BAD_REQUEST` */
function pathOf(key: string): string {
  const path = `/${key.replace(/^\/+/, '')}`;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: what a node may not be called
  if (/\/\/|\/$|\/\.\.?(\/|$)|[\u0000-\u001f\u007f-\u009f\ud800-\uf8ff\ufff0-\uffff]/.test(path))
    throw new OrchestratorError('BAD_REQUEST', `${path.slice(0, 100)} cannot be the name of a node`);
  return path;
}
