// What the group agrees on, done on this node: in memory at once, in the backend behind it.

import type { Agreed } from '../../backend/agreed.ts';
import { decodeCommand } from '../../command/command.ts';
import type { LogEntry, MemberId, SnapshotMeta } from '../../raft/core/types.ts';
import type { Applied, StateMachine } from '../../raft/node/group.ts';
import type { InstanceKey } from '../../topology/instance-key.ts';
import type { Apply } from '../agreement.ts';
import type { AgreedStorage } from './agreed-storage.ts';
import type { DigestWatch } from './digest-watch.ts';
import { decodeState, encodeState } from './state-file.ts';

export interface GroupMachineDeps {
  readonly apply: Apply;
  readonly agreedStorage: AgreedStorage;
  readonly agreed: Agreed;
  /** Of the group, once this node belongs to it. */
  readonly clusterId: () => string;
  /** This node as a member; undefined: it belongs to no group. */
  readonly self: () => MemberId | undefined;
  readonly digests: DigestWatch;
  readonly servers: () => readonly InstanceKey[];
  /** The backend holds another state than memory does. */
  readonly reload: (servers: readonly InstanceKey[]) => Promise<void>;
}

export class GroupMachine implements StateMachine {
  readonly #deps: GroupMachineDeps;
  #begun = false;

  constructor(deps: GroupMachineDeps) {
    this.#deps = deps;
  }

  apply(entries: readonly LogEntry[]): Applied {
    const { apply, agreedStorage, digests } = this.#deps;
    if (!this.#begun && isTakenIn(entries[0], this.#deps.self())) this.#deps.agreed.joins();
    this.#begin();
    let durable = Promise.resolve();
    const results = entries.map((entry) => {
      const { index, term, stampMs } = entry;
      const said = entry.kind === 'command' ? decodeCommand(entry.data) : undefined;
      const node = said?.node ?? '';
      const { result, written } = agreedStorage.during({ index, term, stampMs, node }, () =>
        said === undefined ? undefined : apply(said.command, { atMs: stampMs, node, term, index }),
      );
      durable = written;
      digests.passed(index, entry.kind === 'configuration');
      if (said?.command.op === 'state-digest') void digests.heard(said.command);
      return result;
    });
    return { results, durable };
  }

  snapshot(): AsyncIterable<Uint8Array> {
    const { agreed, servers } = this.#deps;
    const [known, dump] = [servers(), agreed.dump()];
    dump.catch(() => undefined); // told to whoever reads it
    return (async function* () {
      yield* encodeState({ tables: await dump, servers: known });
    })();
  }

  async restore(
    { index, term }: Pick<SnapshotMeta, 'index' | 'term'>,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    const { agreed, reload, digests } = this.#deps;
    this.#begin();
    const { tables, servers } = await decodeState(bytes);
    await agreed.replace(tables, { index, term }, servers);
    digests.replaced();
    await reload(servers);
  }

  #begin(): void {
    if (this.#begun) return;
    const { agreed, clusterId, self } = this.#deps;
    agreed.belongsTo(clusterId(), self()?.replace(/\/[^/]*$/, ''));
    this.#begun = true;
  }
}

/** The group was founded without this node: what its founders brought along stands in no entry. */
function isTakenIn(first: LogEntry | undefined, self: MemberId | undefined): boolean {
  if (first?.kind !== 'configuration' || first.index !== 1) return false;
  return !first.configuration.members.some(({ id }) => id === self);
}
