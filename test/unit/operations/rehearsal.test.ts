import assert from 'node:assert/strict';
import { Operations, type OperationsDeps } from '../../../internal/operations/operations.ts';
import type { RehearsedName } from '../../../internal/operations/rehearsal.ts';
import type { OperationRequest } from '../../../internal/operations/requests.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { sameKey } from '../../../internal/topology/instance-key.ts';
import { stepText } from '../../../internal/topology/move-steps.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { partial } from '../../support/partial.ts';
import { anInstance, aReplica, mysqlGtid, PRIMARY_KEY, uuid } from '../topology/builders.ts';

const at = (hostname: string) => ({ hostname, port: 3306 });

/** A primary with two replicas; whatever would change something fails. */
function rehearsalRoom() {
  const primary = anInstance(1, { key: PRIMARY_KEY, readOnly: false, gtid: mysqlGtid(`${uuid(1)}:1-9`) });
  const replica = (n: number) => aReplica(n, `${uuid(1)}:1-9`, '', { key: at(`db${n}`) });
  const members = [primary, replica(2), replica(3)];
  const read: string[] = [];
  const changed = (what: string) => () => assert.fail(`${what} in a rehearsal`);
  const deps = partial<OperationsDeps>({
    servers: { operate: changed('a session'), probe: changed('a probe of its own') },
    locks: { begin: changed('a lock'), end: changed('a lock') },
    equivalences: { of: async () => [], record: changed('an equivalence'), forget: changed('an equivalence') },
    clock: new FakeClock(0),
    log: silentLog,
    settings: { operationTimeoutMs: 1_000, parallelMoves: 2, lowerVersionAllowed: false, verifyFilters: false },
    snapshots: () => [aSnapshot(members, [])],
    refresh: async (key: { hostname: string; port: number }) => {
      read.push(key.hostname);
      const found = members.find((member) => sameKey(member.key, key));
      assert.ok(found !== undefined);
      return found;
    },
    audit: changed('an audit'),
    tookSource: changed('a script'),
  });
  const rehearse = (operation: RehearsedName, request: Partial<OperationRequest>) =>
    new Operations(deps).rehearse(
      operation,
      { operation, target: at('db2'), ...request },
      new AbortController().signal,
    );
  return { rehearse, read };
}

describe('a rehearsal of moves', () => {
  it('tells the steps of one, having read the servers and changed nothing', async () => {
    const { rehearse, read } = rehearsalRoom();
    const { plans, errors } = await rehearse('relocate', { below: at('db3') });
    assert.deepEqual(errors, []);
    assert.equal(plans.length, 1);
    assert.ok(plans[0]?.steps.map(stepText).includes('point db2:3306 to db3:3306 by GTID'));
    assert.deepEqual(new Set(read), new Set(['db2', 'db3', PRIMARY_KEY.hostname]));
  });

  it('tells those of many', async () => {
    const { rehearse } = rehearsalRoom();
    const { plans } = await rehearse('repointReplicas', { target: PRIMARY_KEY, pattern: 'db' });
    assert.deepEqual(plans.map(({ steps }) => steps[0]?.target.hostname).sort(), ['db2', 'db3']);
  });

  it('is refused where the move would be', async () => {
    const { rehearse } = rehearsalRoom();
    await assert.rejects(rehearse('moveUp', {}), { code: 'CONFLICT' });
  });
});
