import assert from 'node:assert/strict';
import { type CandidateInput, type CandidateOptions, chooseCandidate } from '../../../internal/topology/candidate.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { aMariadbReplica, anInstance, aReplica, mysqlGtid, PRIMARY_KEY, uuid } from './builders.ts';

const U = uuid(1);
const failed = anInstance(1, { key: PRIMARY_KEY, gtid: mysqlGtid(`${U}:1-7`) });
const options: CandidateOptions = {
  preventCrossDataCenter: false,
  preventCrossRegion: false,
  isBanned: () => false,
  lowerVersionAllowed: false,
  verifyFilters: false,
  reasonableMaintenanceLagSeconds: 20,
  maxLagSeconds: 0,
};

/** `candidate`, or `candidate<feeder`; then `|` and who is kept aside. `-` for none. */
function outcome(input: CandidateInput): string {
  const choice = chooseCandidate(input);
  if (choice.kind === 'none') return '-';
  const { candidate, mostAdvanced, diverged } = choice;
  const fed = candidate === mostAdvanced ? '' : `<${mostAdvanced.key.hostname}`;
  const aside = diverged.length === 0 ? '' : `|${diverged.map(({ key }) => key.hostname).join(',')}`;
  return `${candidate.key.hostname}${fed}${aside}`;
}

const prefer = { promotionRule: 'prefer' } as const;
const lag = (lagSeconds: number | undefined) => ({ replication: { lagSeconds } });
const dc2 = { dataCenter: 'dc2', region: 'r2' };
const broken = { replication: { applierErrno: 1062 } };
const delayed = { replication: { delaySeconds: 3600 } };

type Case = readonly [
  title: string,
  replicas: readonly Instance[],
  expected: string,
  more?: Partial<CandidateOptions>,
  designated?: string,
];

const cases: readonly Case[] = [
  ['no replica', [], '-'],
  ['the only replica', [aReplica(2, `${U}:1-9`)], 'h2'],
  ['equals: the smaller key', [aReplica(3, `${U}:1-9`), aReplica(2, `${U}:1-9`)], 'h2'],
  ['the most advanced by received', [aReplica(2, `${U}:1-9`), aReplica(3, `${U}:1-5`, `${U}:1-12`)], 'h3'],
  ['a preferred one that is behind is fed', [aReplica(2, `${U}:1-9`, '', prefer), aReplica(3, `${U}:1-12`)], 'h2<h3'],
  ['the place of the failed server, fed', [aReplica(2, `${U}:1-12`, '', dc2), aReplica(3, `${U}:1-9`)], 'h3<h2'],
  ['rule before place', [aReplica(2, `${U}:1-9`, '', { ...dc2, ...prefer }), aReplica(3, `${U}:1-9`)], 'h2'],
  ['all applied among equals', [aReplica(2, `${U}:1-7`, `${U}:8-9`, lag(0)), aReplica(3, `${U}:1-9`)], 'h3'],
  [
    'all applied among equals of MariaDB',
    [aMariadbReplica(2, '0-1-7', '0-1-9'), aMariadbReplica(3, '0-1-9', '0-1-9')],
    'h3',
  ],
  ['smaller lag among equals', [aReplica(2, `${U}:1-9`, '', lag(9)), aReplica(3, `${U}:1-9`, '', lag(1))], 'h3'],
  [
    'the most advanced may not lead and feeds',
    [aReplica(2, `${U}:1-12`, '', { promotionRule: 'must_not' }), aReplica(3, `${U}:1-9`)],
    'h3<h2',
  ],
  [
    'the most advanced can neither lead nor feed: it is kept aside',
    [aReplica(2, `${U}:1-12`, '', { binlogEnabled: false }), aReplica(3, `${U}:1-9`)],
    'h3|h2',
  ],
  [
    'a preferred one that cannot be fed gives way',
    [aReplica(2, `${U}:1-9`, '', { ...prefer, version: '8.0.36' }), aReplica(3, `${U}:1-12`), aReplica(4, `${U}:1-9`)],
    'h3',
  ],
  [
    'a newer version that would leave others behind gives way',
    [aReplica(2, `${U}:1-9`, '', prefer), aReplica(3, `${U}:1-9`, '', { version: '8.0.36' })],
    'h3',
  ],
  ['diverged: by rule', [aReplica(2, `${U}:1-9:11-14`), aReplica(3, `${U}:1-10`, '', prefer)], 'h3|h2'],
  ['diverged: by count', [aReplica(2, `${U}:1-10`), aReplica(3, `${U}:1-9:11-14`)], 'h3|h2'],
  [
    'diverged: those below the other branch are kept aside too',
    [aReplica(2, `${U}:1-9:11-14`), aReplica(3, `${U}:1-9:11`), aReplica(4, `${U}:1-10`, '', prefer)],
    'h4|h2,h3',
  ],
  [
    'own errant writes do not make a server the most advanced',
    [aReplica(2, `${U}:1-9,${uuid(2)}:1`, '', prefer), aReplica(3, `${U}:1-9`)],
    'h3',
  ],
  [
    'errant as a last resort',
    [aReplica(2, `${U}:1-9,${uuid(2)}:1`), aReplica(3, '', '', { binlogEnabled: false })],
    'h2',
  ],
  [
    'writes of a former primary are not errant',
    [aReplica(2, `${U}:1-9,${uuid(2)}:1-5`, '', prefer), aReplica(3, `${U}:1-9,${uuid(2)}:1-5`)],
    'h2',
  ],
  ['broken last', [aReplica(2, `${U}:1-9`, '', { ...prefer, ...broken }), aReplica(3, `${U}:1-9`)], 'h3'],
  [
    'a broken applier hands on only what it applied',
    [aReplica(2, `${U}:1-8`, `${U}:9-20`, broken), aReplica(3, `${U}:1-9`)],
    'h3|h2',
  ],
  ['broken when nothing else', [aReplica(2, `${U}:1-9`, '', broken)], 'h2'],
  [
    'delayed only when nothing else',
    [aReplica(2, `${U}:1-9`, '', { ...prefer, ...delayed }), aReplica(3, `${U}:1-9`)],
    'h3',
  ],
  ['delayed when nothing else', [aReplica(2, `${U}:1-9`, '', delayed)], 'h2'],
  ['another data centre is refused', [aReplica(2, `${U}:1-9`, '', dc2)], '-', { preventCrossDataCenter: true }],
  ['another region is refused', [aReplica(2, `${U}:1-9`, '', dc2)], '-', { preventCrossRegion: true }],
  [
    'another data centre may feed',
    [aReplica(2, `${U}:1-12`, '', dc2), aReplica(3, `${U}:1-9`)],
    'h3<h2',
    { preventCrossDataCenter: true },
  ],
  ['banned by name', [aReplica(2, `${U}:1-9`)], '-', { isBanned: ({ hostname }) => hostname === 'h2' }],
  ['too much lag', [aReplica(2, `${U}:1-9`, '', lag(11))], '-', { maxLagSeconds: 10 }],
  ['unknown lag where lag matters', [aReplica(2, `${U}:1-9`, '', lag(undefined))], '-', { maxLagSeconds: 10 }],
  ['unknown lag where it does not', [aReplica(2, `${U}:1-9`, '', lag(undefined))], 'h2'],
  ['the designated one, fed', [aReplica(2, `${U}:1-12`, '', prefer), aReplica(3, `${U}:1-9`)], 'h3<h2', {}, 'h3'],
  [
    'a designated one that may not lead: none',
    [aReplica(2, `${U}:1-9`), aReplica(3, '', '', { binlogEnabled: false })],
    '-',
    {},
    'h3',
  ],
  ['a designated stranger: none', [aReplica(2, `${U}:1-9`)], '-', {}, 'h9'],
  [
    'MariaDB: the most advanced by received',
    [aMariadbReplica(2, '0-1-9', '0-1-9'), aMariadbReplica(3, '0-1-5', '0-1-12')],
    'h3',
  ],
  [
    'MariaDB: a preferred one is fed',
    [aMariadbReplica(2, '0-1-9', '0-1-9', {}, prefer), aMariadbReplica(3, '0-1-12', '0-1-12')],
    'h2<h3',
  ],
  [
    'MariaDB: own errant writes',
    [
      aMariadbReplica(2, '0-1-9', '0-1-9', { binlogPos: '0-2-10', binlogState: '0-1-9,0-2-10' }),
      aMariadbReplica(3, '0-1-9', '0-1-9'),
    ],
    'h3',
  ],
];

describe('chooseCandidate', () => {
  for (const [title, replicas, expected, more, designated] of cases) {
    it(`${title}: ${expected}`, () => {
      const named = designated === undefined ? {} : { designated: { hostname: designated, port: 3306 } };
      const input = { failed, replicas, options: { ...options, ...more }, ...named };
      assert.equal(outcome(input), expected);
      assert.equal(outcome({ ...input, replicas: [...replicas].reverse() }), expected);
    });
  }

  it('says why no one may lead', () => {
    const choice = chooseCandidate({ failed, replicas: [aReplica(2, '', '', { binlogEnabled: false })], options });
    assert.deepEqual(choice, {
      kind: 'none',
      reasons: ['no replica may lead'],
      excluded: [{ key: { hostname: 'h2', port: 3306 }, reason: 'has no binary log' }],
    });
  });

  it('refuses other data centres when that of the failed server is not known', () => {
    const strict = { ...options, preventCrossDataCenter: true };
    assert.equal(outcome({ failed: undefined, replicas: [aReplica(2, `${U}:1-9`)], options: strict }), '-');
    assert.equal(outcome({ failed: undefined, replicas: [aReplica(2, `${U}:1-9`)], options }), 'h2');
  });

  it('names errant replicas and those that may not follow', () => {
    const replicas = [
      aReplica(2, `${U}:1-9`),
      aReplica(3, `${U}:1-9,${uuid(3)}:1`),
      aReplica(4, `${U}:1-9`, '', { version: '8.0.1', promotionRule: 'must_not' }),
    ];
    const choice = chooseCandidate({ failed, replicas, options });
    assert.ok(choice.kind === 'chosen');
    assert.deepEqual([choice.candidate, choice.errant, choice.diverged], [replicas[0], [replicas[1]], []]);
    assert.deepEqual(
      choice.cannotFollow.map(({ key }) => key.hostname),
      ['h4'],
    );
  });
});
