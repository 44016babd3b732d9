import assert from 'node:assert/strict';
import type { Instance } from '../../../internal/topology/instance.ts';
import { keyText } from '../../../internal/topology/instance-key.ts';
import { planMakePrimary } from '../../../internal/topology/lead-plan.ts';
import { aSnapshot, PLAN_OPTIONS } from '../../support/a-cluster.ts';
import { anInstance, aReplication, mysqlGtid } from './builders.ts';

const source = anInstance(1, { readOnly: false });
const at = (position: number) => ({ file: 'binlog.000001', position });
const replica = (n: number, received: number, applied = received, more: Partial<Instance> = {}) =>
  anInstance(n, {
    gtid: mysqlGtid('', { mode: 'OFF' }),
    usesPseudoGtid: true,
    replication: aReplication({
      ...{ source: source.key, receiver: 'other', gtid: 'none', read: at(received), executed: at(applied) },
    }),
    ...more,
  });

const RELAY: Partial<Instance> = { version: '23.8.1-maxscale' };

function planned(replicas: readonly Instance[], sourceAnswers = false): string {
  const [leader = source] = replicas;
  const plan = planMakePrimary(
    {
      snapshot: aSnapshot([source, ...replicas], sourceAnswers ? [] : [source.key], 'h1:3306'),
      ...{ source, replicas, sourceAnswers, silent: [], way: 'any', matches: true, options: PLAN_OPTIONS },
    },
    leader.key,
  );
  if (plan.kind === 'refused') return `refused: ${plan.reason}`.replaceAll(':3306', '');
  return [plan.candidate, ...plan.moves.map(({ key }) => key)].map(keyText).join(' < ').replaceAll(':3306', '');
}

describe('a plan to make a replica the primary', () => {
  const cases: readonly [string, string, string][] = [
    ['puts its siblings below it', planned([replica(2, 700), replica(3, 700), replica(4, 500)]), 'h2 < h3 < h4'],
    [
      'is refused while the source answers',
      planned([replica(2, 700)], true),
      'refused: h1, the source of h2, answers: use a takeover',
    ],
    [
      'is refused where a sibling received more',
      planned([replica(2, 500), replica(3, 700)]),
      'refused: h3 has received what h2 has not',
    ],
    [
      'is refused before everything received is applied',
      planned([replica(2, 700, 600), replica(3, 700)]),
      'refused: h2 has not applied everything that it received',
    ],
    [
      'is refused for one that takes writes',
      planned([replica(2, 700, 700, { readOnly: false })]),
      'refused: h2 takes writes already',
    ],
    [
      'is refused for a binlog server among others of its kind',
      planned([replica(2, 700, 700, RELAY), replica(3, 500, 500, RELAY)]),
      'refused: h2 is a binlog server: it holds no data',
    ],
    [
      'is refused for one that may not lead',
      planned([replica(2, 700, 700, { binlogEnabled: false })]),
      'refused: designated server h2 cannot be promoted: has no binary log; h2 has no binary log',
    ],
  ];
  for (const [name, found, expected] of cases) it(name, () => assert.equal(found, expected));
});
