import assert from 'node:assert/strict';
import { apiRoutes } from '../../../internal/http/routes.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { FakeHouse, SETTINGS } from '../../support/http.ts';

/** The contract's list of what a node answers itself, whoever leads; the status endpoint is mounted apart. */
const LOCAL: readonly string[] = [
  'headers',
  'health',
  'lb-check',
  '_ping',
  'leader-check',
  'leader-check/:errorStatusCode',
  'grab-election',
  'raft-peers',
  'raft-state',
  'raft-leader',
  'raft-health',
  'raft-status',
  'raft-snapshot',
  'raft-follower-health-report/:authenticationToken/:raftBind/:raftAdvertise',
  'reload-configuration',
  'hostname-resolve-cache',
  'reset-hostname-resolve-cache',
];
/** Not on that list, and of the node that is asked by their nature. */
const LOCAL_OF_OURS = ['raft-drain', 'raft-backup'];
/** On that list, and relayed by us: leadership may be handed over through any node (docs/compatibility.md). */
const RELAYED_BY_US = ['raft-yield/:node', 'raft-yield-hint/:hint'];

describe('routes in a group', () => {
  const deps = { services: new FakeHouse().services(), settings: SETTINGS, clock: systemClock, log: silentLog };
  const routes = apiRoutes(deps);

  it('are answered by the node itself where the contract says so, and nowhere else', () => {
    const found = routes.filter((route) => route.local).map(({ path }) => path);
    assert.deepEqual([...found].sort(), [...LOCAL, ...LOCAL_OF_OURS].sort());
    const paths = routes.map(({ path }) => path);
    for (const path of RELAYED_BY_US) assert.ok(paths.includes(path), path);
  });
});
