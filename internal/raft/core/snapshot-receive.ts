import type { SnapshotChunk } from './messages.ts';
import type { CoreState } from './state.ts';
import { heardFromLeader } from './terms.ts';
import type { Index, SnapshotMeta } from './types.ts';

/** Stages a chunk if it is the next one; says in any case where to go on. The last one installs the snapshot. */
export function onSnapshotChunk(state: CoreState, { from, snapshot, offset, data }: SnapshotChunk): void {
  heardFromLeader(state, from);
  const acknowledge = (nextOffset: number, matchIndex: Index | undefined) => {
    const vouches = matchIndex === undefined ? 'term' : 'log';
    state.send(from, { kind: 'snapshotAck', snapshotId: snapshot.id, nextOffset, matchIndex }, vouches);
  };
  if (snapshot.index <= state.commit) {
    // What is committed here equals the leader's log, so that there is nothing to install.
    acknowledge(snapshot.bytes, state.commit);
    return;
  }
  if (state.incoming?.snapshotId !== snapshot.id) state.incoming = { snapshotId: snapshot.id, nextOffset: 0 };
  const { incoming } = state;
  if (offset === incoming.nextOffset) {
    state.out.stage({ snapshot, offset, data });
    incoming.nextOffset += data.length;
    if (incoming.nextOffset >= snapshot.bytes) {
      install(state, snapshot);
      acknowledge(snapshot.bytes, snapshot.index);
      return;
    }
  }
  acknowledge(incoming.nextOffset, undefined);
}

/** The log begins anew behind the snapshot, unless it holds the snapshot's last entry: then what follows that stays. */
function install(state: CoreState, snapshot: SnapshotMeta): void {
  const before = state.log.configurationIndex;
  const keepLog = state.log.install(snapshot);
  if (!keepLog) state.ledger.cut(state.commit);
  state.commit = snapshot.index;
  state.incoming = undefined;
  state.out.install = { snapshot, keepLog };
  state.restore = { snapshot, after: state.ledger.lastId + 1 };
  if (state.log.configurationIndex !== before) state.announceConfiguration();
}
