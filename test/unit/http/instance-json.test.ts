import assert from 'node:assert/strict';
import { Inventory } from '../../../internal/discovery/inventory.ts';
import { Bytes } from '../../../internal/http/bytes.ts';
import { encodeJson } from '../../../internal/http/json.ts';
import { type WireContext, wireInstance } from '../../../internal/http/wire/instance.ts';
import { encodeInstance, encodeProblem } from '../../../internal/http/wire/instance-json.ts';
import type { ClusterSnapshot } from '../../../internal/topology/cluster.ts';
import { anInstance, aReplica } from '../topology/builders.ts';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const at = (hostname: string) => ({ hostname, port: 3306 });

function snapshotOf(change: (inventory: Inventory) => void = () => undefined): ClusterSnapshot {
  const inventory = new Inventory();
  for (const [n, above] of [
    [1, undefined],
    [2, 'db1'],
    [3, 'db2'],
  ] as const) {
    const key = at(`db${n}`);
    const replication = { source: at(above ?? ''), receiver: n === 3 ? 'stopped' : 'running', lagSeconds: 1 } as const;
    const instance = above === undefined ? anInstance(n, { key }) : aReplica(n, '', '', { key, replication });
    inventory.recordSuccess({ ...instance, versionComment: 'a <b> & "c"\u2028' }, NOW_MS - 1_000, 1.5);
  }
  change(inventory);
  const [cluster] = inventory.clusters(NOW_MS);
  assert.ok(cluster);
  return cluster;
}

/** What `encode` writes. */
function textOf(encode: (json: Bytes) => boolean): string {
  const json = new Bytes();
  const written = encode(json);
  const text = Buffer.concat(json.blocks()).toString();
  assert.equal(written, text.length > 0);
  return text;
}

describe('the JSON of a server in a list', () => {
  const plain = snapshotOf();
  const member = plain.members[2]!;
  const usual: WireContext = { snapshot: plain, nowMs: NOW_MS, pollSeconds: 5, reasonableLagSeconds: 10 };
  const downtime = { owner: 'me', reason: 'a "disk" & more', beginMs: NOW_MS - 5_000, endMs: NOW_MS + 60_000 };
  const [first, second] = plain.members;
  assert.ok(first && second);

  // Everything that may differ while a server was not read again, one at a time, and back.
  const CONTEXTS: readonly (readonly [what: string, context: WireContext])[] = [
    ['as it was read', usual],
    ['a second later', { ...usual, nowMs: NOW_MS + 1_000 }],
    ['a minute later', { ...usual, nowMs: NOW_MS + 60_000 }],
    ['polled more often', { ...usual, pollSeconds: 0.1 }],
    ['with less patience for lag', { ...usual, reasonableLagSeconds: 0 }],
    ['in downtime', { ...usual, snapshot: { ...plain, downtimes: new Map([['db3:3306', downtime]]) } }],
    ['in a cluster of another name', { ...usual, snapshot: { ...plain, name: 'db2:3306', alias: 'x', domain: 'y' } }],
    ['without the servers above it', { ...usual, snapshot: { ...plain, members: [member] } }],
    [
      'below another source of its own source',
      {
        ...usual,
        snapshot: {
          ...plain,
          members: [
            { ...first, instance: { ...first.instance, serverUuid: 'another' } },
            { ...second, instance: { ...second.instance, replication: member.instance.replication } },
            member,
          ],
        },
      },
    ],
    ['under maintenance', { ...usual, snapshot: { ...plain, maintenance: new Set(['db3:3306']) } }],
    ['as it was read, again', usual],
  ];
  for (const [what, context] of CONTEXTS)
    it(`is that of the server alone: ${what}`, () => {
      assert.equal(
        textOf((json) => encodeInstance(member, context, json)),
        encodeJson(wireInstance(member, context)),
      );
    });

  it('changes with the next read of the server', () => {
    const next = { ...member, instance: { ...member.instance, version: '9.9.9' }, errantGtid: 'e' };
    assert.equal(
      textOf((json) => encodeInstance(next, usual, json)),
      encodeJson(wireInstance(next, usual)),
    );
    assert.match(
      textOf((json) => encodeInstance(next, usual, json)),
      /9\.9\.9/,
    );
  });

  it('is left out of the problems where there is none', () => {
    assert.equal(
      textOf((json) => encodeProblem(first, usual, json)),
      '',
    );
    assert.equal(
      textOf((json) => encodeProblem(member, usual, json)),
      encodeJson(wireInstance(member, usual)),
    );
  });
});
