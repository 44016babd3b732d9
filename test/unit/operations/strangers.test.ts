import assert from 'node:assert/strict';
import { Operations, type OperationsDeps } from '../../../internal/operations/operations.ts';
import { MOVES, type MoveName, type OperationRequest } from '../../../internal/operations/requests.ts';
import { OrchestratorError } from '../../../internal/runtime/errors.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../../../internal/topology/instance-key.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { PSEUDO_GTID } from '../../support/event-log.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { partial } from '../../support/partial.ts';
import { anInstance, aReplica, mysqlGtid, PRIMARY_KEY, uuid } from '../topology/builders.ts';

const key = (hostname: string) => ({ hostname, port: 3306 });
const misspelt = key('db33');
const alias = key('db3.alias');
const primary = anInstance(1, { key: PRIMARY_KEY, readOnly: false, gtid: mysqlGtid(`${uuid(1)}:1-9`) });
const replica = (n: number, source: InstanceKey = PRIMARY_KEY) =>
  aReplica(n, `${uuid(1)}:1-9`, '', { key: key(`db${n}`), replication: { source, receiver: 'running' } });
const MEMBERS = [primary, replica(2), replica(3), replica(4, key('db2'))];

/** A cluster of four. Another name may lead to one of its servers, to a server that nobody watches, or nowhere. */
function room(names: ReadonlyMap<string, Instance> = new Map()) {
  const changed: string[] = [];
  const change = (what: string) => async () => {
    changed.push(what);
    throw new Error(what);
  };
  const deps = partial<OperationsDeps>({
    servers: { operate: change('a session'), probe: change('a probe'), readLogs: change('logs') },
    locks: { begin: async () => undefined, end: async () => undefined },
    equivalences: { of: async () => [], record: change('an equivalence'), forget: change('an equivalence') },
    clock: new FakeClock(0),
    log: silentLog,
    settings: {
      ...{ operationTimeoutMs: 1_000, stepTimeoutMs: 0, startLimitMs: 0, startPollMs: 1, parallelMoves: 2 },
      ...{ lowerVersionAllowed: false, verifyFilters: false, reasonableMaintenanceLagSeconds: 20 },
      ...{ isBanned: () => false, pseudoGtid: PSEUDO_GTID },
    },
    snapshots: () => [aSnapshot(MEMBERS, [])],
    refresh: async (asked: InstanceKey) => {
      const found = names.get(asked.hostname) ?? MEMBERS.find((member) => sameKey(member.key, asked));
      if (found === undefined) throw new OrchestratorError('CONNECT_FAILED', `cannot connect to ${keyText(asked)}`);
      return found;
    },
    audit: () => undefined,
    tookSource: async () => undefined,
  });
  const run = (operation: MoveName, request: Partial<OperationRequest>) =>
    new Operations(deps).run({ operation, target: key('db3'), ...request }, new AbortController().signal);
  const rehearse = (operation: 'relocateReplicas' | 'relocate', request: Partial<OperationRequest>) =>
    new Operations(deps).rehearse(
      operation,
      { operation, target: key('db2'), ...request },
      new AbortController().signal,
    );
  return { run, rehearse, changed };
}

const BELOW: ReadonlySet<MoveName> = new Set([
  ...(['relocate', 'relocateReplicas', 'moveBelow', 'moveEquivalent', 'moveByGtid', 'moveReplicasByGtid'] as const),
  ...(['match', 'matchReplicas', 'repoint', 'repointReplicas'] as const),
]);

describe('a move in which a name is wrong', () => {
  const stranger = anInstance(9, { key: misspelt, gtid: mysqlGtid(`${uuid(1)}:1-9`) });
  for (const [what, names] of [
    ['leads nowhere', new Map()],
    ['leads to a server that nobody watches', new Map([[misspelt.hostname, stranger]])],
  ] as const)
    for (const operation of MOVES) {
      it(`is refused with nothing changed: ${operation} of a name that ${what}`, async () => {
        const { run, changed } = room(names);
        await assert.rejects(run(operation, { target: misspelt, below: key('db3') }), OrchestratorError);
        assert.deepEqual(changed, []);
      });
      if (BELOW.has(operation))
        it(`is refused with nothing changed: ${operation} below a name that ${what}`, async () => {
          const { run, changed } = room(names);
          await assert.rejects(run(operation, { target: key('db2'), below: misspelt }), OrchestratorError);
          assert.deepEqual(changed, []);
        });
    }

  it('takes another name of a server for that server', async () => {
    const { rehearse } = room(new Map([[alias.hostname, replica(3)]]));
    for (const [operation, target] of [
      ['relocate', key('db4')],
      ['relocateReplicas', key('db2')],
    ] as const) {
      const { plans, errors } = await rehearse(operation, { target, below: alias });
      assert.deepEqual(errors, []);
      assert.deepEqual(
        plans.map(({ steps }) => steps.find((step) => step.kind === 'follow')?.source),
        [key('db3')],
      );
    }
  });
});
