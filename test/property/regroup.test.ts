import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Instance } from '../../internal/topology/instance.ts';
import { keyText, sameKey } from '../../internal/topology/instance-key.ts';
import type { PromotionRule } from '../../internal/topology/promotion-rule.ts';
import { planRegroup, type RegroupRequest } from '../../internal/topology/regroup-plan.ts';
import { aSnapshot, PLAN_OPTIONS } from '../support/a-cluster.ts';
import { MovingServers } from '../support/moving-servers.ts';
import { anInstance, aReplication, mariadbGtid, mysqlGtid, uuid } from '../unit/topology/builders.ts';

const WAYS = ['mysql', 'mariadb', 'none'] as const;
type Way = (typeof WAYS)[number];

interface Shape {
  readonly way: Way;
  readonly dead: boolean;
  /** Markers are written: logs can be compared. */
  readonly marked: boolean;
  readonly asked: 'any' | 'pseudo-gtid';
  /** What each replica has applied, and received beyond that. */
  readonly replicas: readonly { readonly applied: number; readonly beyond: number; readonly rule: PromotionRule }[];
}

const shapes: fc.Arbitrary<Shape> = fc.record({
  way: fc.constantFrom(...WAYS),
  dead: fc.boolean(),
  marked: fc.boolean(),
  asked: fc.constantFrom('any', 'pseudo-gtid'),
  replicas: fc.array(
    fc.record({
      applied: fc.integer({ min: 1, max: 6 }),
      beyond: fc.integer({ min: 0, max: 3 }),
      rule: fc.constantFrom<PromotionRule>('prefer', 'neutral', 'prefer_not', 'must_not'),
    }),
    { minLength: 1, maxLength: 6 },
  ),
});

const WRITTEN = 10;
const SOURCE = { hostname: 'h1', port: 3306 };
const baseOf = (n: number) => 1_000 * n;

function source(way: Way): Instance {
  return anInstance(1, {
    readOnly: false,
    ...(way === 'mariadb'
      ? { family: 'mariadb', version: '10.11.6-MariaDB', gtid: mariadbGtid(`0-1-${WRITTEN}`), serverUuid: '' }
      : { gtid: way === 'mysql' ? mysqlGtid(`${uuid(1)}:1-${WRITTEN}`) : mysqlGtid('', { mode: 'OFF' }) }),
  });
}

function replica(
  n: number,
  { way, dead, marked }: Shape,
  { applied, beyond, rule }: Shape['replicas'][number],
): Instance {
  const received = applied + beyond;
  const at = (count: number) => ({ file: 'binlog.000001', position: baseOf(1) + count });
  return anInstance(n, {
    promotionRule: rule,
    usesPseudoGtid: marked,
    ...(way === 'mariadb'
      ? { family: 'mariadb', version: '10.11.6-MariaDB', gtid: mariadbGtid(`0-1-${applied}`), serverUuid: '' }
      : { gtid: way === 'mysql' ? mysqlGtid(`${uuid(1)}:1-${applied}`) : mysqlGtid('', { mode: 'OFF' }) }),
    replication: aReplication({
      source: SOURCE,
      gtid: way,
      receiver: dead ? 'other' : 'running',
      received: way === 'mysql' ? `${uuid(1)}:1-${received}` : way === 'mariadb' ? `0-1-${received}` : '',
      read: at(received),
      executed: at(applied),
    }),
  });
}

function modelOf(instance: Instance, shape: Shape): ConstructorParameters<typeof MovingServers>[0][number] {
  const { serverId: n, key, replication } = instance;
  if (replication === undefined)
    return {
      key,
      source: undefined,
      ...{ applied: WRITTEN, received: WRITTEN, base: baseOf(n), receiving: false, applying: false },
      dead: shape.dead,
    };
  const [applied, received] = [replication.executed, replication.read].map(({ position }) => position - baseOf(1));
  return {
    key,
    source: replication.source,
    ...{ applied: applied ?? 0, received: received ?? 0, base: baseOf(n), receiving: true, applying: true },
  };
}

describe('regrouping the replicas of a server', () => {
  it('ends in a tree below one of them, in which nothing that anybody received is lost', () => {
    fc.assert(
      fc.property(shapes, fc.array(fc.nat({ max: 4 }), { minLength: 40, maxLength: 40 }), (shape, chances) => {
        const primary = source(shape.way);
        const replicas = shape.replicas.map((one, at) => replica(at + 2, shape, one));
        const request: RegroupRequest = {
          snapshot: aSnapshot([primary, ...replicas], shape.dead ? [primary.key] : [], 'h1:3306'),
          source: primary,
          sourceAnswers: !shape.dead,
          replicas,
          ...{ silent: [], way: shape.asked, matches: shape.marked, options: PLAN_OPTIONS },
        };
        const plan = planRegroup(request);
        const mayLead = shape.replicas.some(({ rule }) => rule !== 'must_not');
        if (plan.kind === 'refused') {
          // By position nobody can be fed: those that received the most must be among those that may lead.
          assert.ok(!mayLead || shape.way === 'none', plan.reason);
          return;
        }
        let drawn = 0;
        const servers = new MovingServers(
          [primary, ...replicas].map((one) => modelOf(one, shape)),
          () => chances[drawn++ % chances.length] ?? 0,
        );
        const before = new Map(replicas.map(({ key }) => [keyText(key), servers.of(key).received]));
        if (plan.prepare !== undefined) assert.equal(servers.run(plan.prepare.steps), 'done');
        for (const { plan: move } of plan.moves) assert.equal(servers.run(move.steps), 'done');
        servers.settle();

        const leader = servers.of(plan.candidate);
        assert.ok(sameKey(leader.source, SOURCE), 'the leader has the source that it had');
        assert.equal(plan.moves.length + plan.lost.length, replicas.length - 1, 'everybody is accounted for');
        const most = Math.max(...before.values());
        assert.ok(leader.applied >= most, 'the leader has what anybody received');
        for (const { key } of replicas) {
          const { applied, receiving, applying, source: above } = servers.of(key);
          assert.ok(applied >= (before.get(keyText(key)) ?? 0), `${keyText(key)} has what it received`);
          assert.ok(receiving && applying, `${keyText(key)} replicates`);
          if (sameKey(key, plan.candidate)) continue;
          const stays = plan.lost.some((one) => sameKey(one.key, key));
          assert.ok(sameKey(above, stays ? SOURCE : plan.candidate), `${keyText(key)} is where it is said to be`);
          if (!stays) assert.equal(applied, leader.applied, `${keyText(key)} follows the leader`);
        }
        const byDeadLog = shape.way === 'none' && shape.dead && !shape.marked;
        for (const { key, reason } of plan.lost) {
          assert.ok(byDeadLog, reason);
          assert.ok(
            (before.get(keyText(key)) ?? 0) < most,
            `${keyText(key)} stays, which had received the same: ${reason}`,
          );
        }
      }),
      { numRuns: 600 },
    );
  });
});
