import assert from 'node:assert/strict';
import { publishedPrimaries } from '../../../internal/recovery/published.ts';
import type { ClusterSnapshot } from '../../../internal/topology/cluster.ts';
import { LOST_IN_RECOVERY } from '../../../internal/topology/downtime.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { keyText } from '../../../internal/topology/instance-key.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { anInstance } from '../topology/builders.ts';

const at = (hostname: string) => ({ hostname, port: 3306 });
const server = (hostname: string, readOnly = false) => anInstance(1, { key: at(hostname), readOnly });
const below = (hostname: string, source: string, readOnly = false) =>
  anInstance(2, {
    key: at(hostname),
    readOnly,
    replication: { ...anInstance(2).replication, source: at(source) } as Instance['replication'],
  });
const cluster = (
  alias: string,
  members: readonly Instance[],
  more: Partial<ClusterSnapshot> = {},
): ClusterSnapshot => ({
  ...aSnapshot(members, [], keyText(members[0]?.key ?? at('nobody'))),
  alias,
  ...more,
});
const lost = new Map([['a:3306', { owner: 'o', reason: LOST_IN_RECOVERY, beginMs: 0, endMs: 9e15 }]]);
const silent = (members: readonly Instance[]) => aSnapshot(members, [members[0]?.key ?? at('')], 'a:3306').members;

const CASES: readonly (readonly [
  title: string,
  snapshots: readonly ClusterSnapshot[],
  published: string,
  disputed?: string,
])[] = [
  ['the one that takes writes', [cluster('shop', [server('a'), below('b', 'a', true)])], 'shop=a:3306'],
  ['none that takes none', [cluster('shop', [server('a', true)])], ''],
  ['no replica, writable or not', [cluster('shop', [server('a', true), below('b', 'a')])], ''],
  ['none that was not read lately', [cluster('shop', [server('a')], { members: silent([server('a')]) })], ''],
  ['none that a recovery set aside', [cluster('shop', [server('a')], { downtimes: lost })], ''],
  ['none that was replaced', [cluster('shop', [server('gone')])], ''],
  ['of a pair the one that takes writes', [cluster('shop', [below('a', 'b', true), below('b', 'a')])], 'shop=b:3306'],
  [
    'the successor where the one it replaced is back under the same alias',
    [cluster('shop', [server('gone')]), cluster('shop', [server('b')])],
    'shop=b:3306',
  ],
  [
    'neither of two that claim one alias',
    [cluster('shop', [server('a')]), cluster('shop', [server('b')]), cluster('stock', [server('c')])],
    'stock=c:3306',
    'shop',
  ],
];

describe('primaries that others are told of', () => {
  for (const [title, snapshots, published, disputed = ''] of CASES)
    it(title, () => {
      const found = publishedPrimaries(snapshots, ({ hostname }) => hostname === 'gone');
      assert.equal(found.primaries.map(({ alias, key }) => `${alias}=${keyText(key)}`).join(), published);
      assert.equal(found.disputed.join(), disputed);
    });
});
