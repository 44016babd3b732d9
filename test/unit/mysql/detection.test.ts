import assert from 'node:assert/strict';
import { classified, type DetectionSettings, detectionStatements } from '../../../internal/mysql/detection.ts';
import type { ProbeRows } from '../../../internal/mysql/probe-rows.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { lagSeconds } from '../../../internal/topology/instance.ts';
import { anInstance, aReplication } from '../topology/builders.ts';

const patterns = { dataCenter: '^([a-z]+)-', region: 'no-group', physicalEnvironment: '(' };
const settings: DetectionSettings = { queries: {}, patterns };
const server = anInstance(1, {
  key: { hostname: 'ams-db1', port: 3306 },
  replication: aReplication({ lagSeconds: 7 }),
});

describe('what the detection queries say', () => {
  for (const [title, rows, expected] of [
    ['nothing: the name tells the data centre', {}, { dataCenter: 'ams', region: '', physicalEnvironment: '' }],
    ['a query takes precedence over the name', { dataCenter: [{ x: 'fra' }] }, { dataCenter: 'fra' }],
    ['a blank answer leaves it to the name', { dataCenter: [{ x: '' }] }, { dataCenter: 'ams' }],
    ['NULL and no row are no answer', { region: [{ x: null }], instanceAlias: [] }, { region: '', instanceAlias: '' }],
    ['only the first column counts', { instanceAlias: [{ a: 'one', b: 'two' }] }, { instanceAlias: 'one' }],
    [
      'alias and domain',
      { clusterAlias: [{ x: 'c' }], clusterDomain: [{ x: 'd' }] },
      { suggestedClusterAlias: 'c', clusterDomain: 'd' },
    ],
    ['no more than the backend holds', { region: [{ x: 'r'.repeat(99) }] }, { region: 'r'.repeat(32) }],
    ['a rule', { promotionRule: [{ x: 'prefer_not' }] }, { detectedPromotionRule: 'prefer_not' }],
    ['the rule nobody may give himself', { promotionRule: [{ x: 'must' }] }, { detectedPromotionRule: undefined }],
    ['a priority', { semiSyncPriority: [{ x: '3' }] }, { semiSyncPriority: 3 }],
    ['a priority beyond the column', { semiSyncPriority: [{ x: '2586' }] }, { semiSyncPriority: 255 }],
    ['a negative priority', { semiSyncPriority: [{ x: '-1' }] }, { semiSyncPriority: 0 }],
  ] as readonly (readonly [string, ProbeRows, Partial<Instance>])[]) {
    it(title, () => {
      const { instance } = classified(server, rows, settings);
      for (const [name, value] of Object.entries(expected)) assert.equal(instance[name as keyof Instance], value, name);
    });
  }

  for (const [title, rows, seconds] of [
    ['not asked: what the server says', {}, 7],
    ['no row: what the server says', { lag: [] }, 7],
    ['a number', { lag: [{ x: '2' }] }, 2],
    ['a fraction is cut', { lag: [{ x: '2.9' }] }, 2],
    ['less than nothing', { lag: [{ x: '-3' }] }, 0],
    ['NULL: nobody knows', { lag: [{ x: null }] }, undefined],
    ['nonsense: what the server says', { lag: [{ x: 'soon' }] }, 7],
  ] as readonly (readonly [string, ProbeRows, number | undefined])[]) {
    it(`lag, ${title}`, () => assert.equal(lagSeconds(classified(server, rows, settings).instance), seconds));
  }

  it('complains about answers that mean nothing', () => {
    const rows = { promotionRule: [{ x: 'must' }], lag: [{ x: 'soon' }], semiSyncPriority: [{ x: '' }] };
    const parts = classified(server, rows, settings).complaints.map(([part]) => part);
    assert.deepEqual(parts.sort(), ['lag', 'promotionRule', 'semiSyncPriority']);
  });

  it('asks what is set, without the semicolon of the file, and ends a comment', () => {
    const queries = { lag: ' ', dataCenter: 'select 1 ; ', region: 'select 2 -- because' };
    assert.deepEqual(
      detectionStatements({ queries, patterns }).map(({ part, sql }) => [part, sql]),
      [
        ['dataCenter', 'select 1\n'],
        ['region', 'select 2 -- because\n'],
      ],
    );
  });
});
