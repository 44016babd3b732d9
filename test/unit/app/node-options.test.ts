import assert from 'node:assert/strict';
import { nodeOptions } from '../../../internal/app/group/node-options.ts';
import type { Config } from '../../../internal/config/keys.ts';
import { defaultConfig } from '../../../internal/config/load.ts';

const CONFIG: Config = { ...defaultConfig(), RaftEnabled: true, RaftDataDir: '/nowhere', RaftBind: '127.0.0.1:10008' };
const BY_FILE = { RaftDiscovery: { Type: 'file', Path: '/etc/nodes' }, RaftBootstrapExpect: 3 };
const BY_CONSUL = { RaftDiscovery: { Type: 'consul', ServiceName: 'managers' }, RaftBootstrapExpect: 3 };

async function founding(keys: Partial<Config>) {
  const { forming, store } = await nodeOptions({ ...CONFIG, ...keys }, 0);
  assert.equal(store.fresh.nodeId, forming.self);
  const { self, nodes, finding } = forming;
  return { self, nodes, finding };
}

describe('a node of a group by its configuration', () => {
  it('founds with those of the list', async () => {
    const nodes = ['127.0.0.1:10008', '127.0.0.2:10008', '127.0.0.3:10008'];
    assert.deepEqual(await founding({ RaftNodes: nodes }), { self: nodes[0], nodes, finding: undefined });
  });

  it('founds with those that it finds, under a name of its own', async () => {
    const finding = { expect: 3, anchored: false, alone: false };
    assert.deepEqual(await founding(BY_FILE), { self: '127.0.0.1:10008', nodes: [], finding });
    const named = await founding({ ...BY_CONSUL, RaftNodeName: 'manager-0' });
    assert.deepEqual(named, { self: 'manager-0', nodes: [], finding: { ...finding, anchored: true } });
  });

  const REFUSED: readonly (readonly [title: string, keys: Partial<Config>, because: RegExp])[] = [
    ['nobody says how many found', { ...BY_FILE, RaftBootstrapExpect: 0 }, /RaftDiscovery .* set RaftBootstrapExpect/],
    ['two sources of founders', { ...BY_FILE, RaftNodes: ['a', 'b'] }, /RaftNodes and RaftDiscovery/],
    ['a name that is none', { ...BY_FILE, RaftNodeName: 'a b' }, /RaftNodeName is "a b": set it to a name of/],
    [
      'a discovery that is none',
      { ...BY_FILE, RaftDiscovery: { Type: 'file' } },
      /RaftDiscovery of type file: Path is missing/,
    ],
  ];
  for (const [title, keys, because] of REFUSED)
    it(`is refused: ${title}`, () => assert.rejects(founding(keys), { code: 'CONFIG_INVALID', message: because }));
});
