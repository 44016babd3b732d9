import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RaftMessage } from '../../../internal/raft/core/messages.ts';
import { DEFAULT_SETTINGS } from '../../../internal/raft/core/settings.ts';
import { encodeForming } from '../../../internal/raft/forming/messages.ts';
import { Belonging } from '../../../internal/raft/node/belonging.ts';
import type { ThreadOptions } from '../../../internal/raft/node/thread-options.ts';
import { openStore } from '../../../internal/raft/store/raft-store.ts';
import type { Identity } from '../../../internal/raft/wire/hello.ts';
import { anIdentity } from '../../support/raft-identity.ts';

const SELF = 'n4:10008';
const HEARTBEAT: RaftMessage = {
  ...{ kind: 'heartbeat', from: 'n1/i1', to: SELF, term: 6 },
  ...{ round: 1, commit: 0, closedTransfers: 0 },
};
/** The group as it was, whose majority was given up and is back, and as it was brought back by `peers.json`. */
const BEFORE = anIdentity('n1', { generation: 1 });
const AFTER = anIdentity('n3', { generation: 2 });

describe('a node with an empty disk, told of a group that was recovered', () => {
  const directory = mkdtempSync(join(tmpdir(), 'generations-'));
  after(() => rmSync(directory, { recursive: true }));

  it('is taken in by its present life alone, also where the former one has called first', async () => {
    const fresh = { clusterId: undefined, nodeId: SELF, incarnation: 'i1', generation: 0, address: SELF };
    const opened = openStore({ directory, fresh, reserveBytes: 0 });
    assert(opened.kind === 'opened');
    const options: Partial<ThreadOptions> = {
      store: { directory, fresh },
      forming: {
        ...{ self: SELF, nodes: [SELF, 'n1:10008', 'n3:10008'], founders: ['n1:10008', 'n3:10008'] },
        ...{ finding: undefined, timeoutMs: 0, labels: {}, promote: true },
      },
      advertise: SELF,
      clusterName: 'orders',
      settings: DEFAULT_SETTINGS,
    };
    const node = new Belonging({
      ...{ options: options as ThreadOptions, store: opened.store, identity: fresh, recovered: opened.recovered },
      wire: () => ({ seek: () => {}, sendTo: () => true, at: () => undefined }),
      moment: () => ({ nowMs: 0, wallMs: 0 }),
      every: () => () => {},
      onWaiting: () => {},
      onClaim: () => {},
    });
    const settled = node.settle(new AbortController().signal);
    const tells = (peer: Identity) => {
      const { clusterId, generation } = peer;
      node.onBytes(peer, encodeForming({ kind: 'formed', clusterId, generation }));
    };
    tells(BEFORE);
    tells(AFTER);
    node.hear(HEARTBEAT, BEFORE);
    assert.equal(node.identity.clusterId, undefined);
    node.hear(HEARTBEAT, AFTER);
    await settled;
    opened.store.close();
    const { clusterId, generation } = node.identity;
    assert.deepEqual([clusterId, generation], ['c1', 2]);
  });
});
