import assert from 'node:assert/strict';
import { isIP } from 'node:net';
import { formatAddress } from '../../../internal/raft/address.ts';
import { type LayoutKeys, readLayout } from '../../../internal/raft/layout.ts';

const KEYS: LayoutKeys = {
  bind: '127.0.0.1:10008',
  advertise: '',
  nodes: [],
  defaultPort: 10_008,
  bootstrapExpect: 0,
  discovery: false,
  nonVoter: false,
  votersOnDisk: 0,
};

const NAMES: Readonly<Record<string, readonly string[]>> = {
  'n1.example': ['10.0.0.1', 'fd00::1'],
  'alias.example': ['10.0.0.1'],
  'n2.example': ['10.0.0.2'],
  'n3.example': [],
};
const resolve = async (host: string) => NAMES[host] ?? (isIP(host) === 0 ? [] : [host]);
const read = (keys: Partial<LayoutKeys>) => readLayout({ ...KEYS, ...keys }, resolve);

describe('the layout of a group', () => {
  const trio = ['10.0.0.1', '10.0.0.2', '10.0.0.3'];
  const accepted: readonly (readonly [title: string, keys: Partial<LayoutKeys>, kind: string, self?: string])[] = [
    ['nothing listed is a single node', {}, 'single'],
    ['one entry, as advertised', { advertise: 'n1.example', nodes: ['N1.example:10008'] }, 'single'],
    ['one entry, as bound', { bind: '10.0.0.1', advertise: '192.0.2.1', nodes: ['10.0.0.1'] }, 'single'],
    ['one entry, written twice', { bind: '10.0.0.1', nodes: ['10.0.0.1', ' 10.0.0.1:10008 '] }, 'single'],
    ['one founder is expected and none listed', { bootstrapExpect: 1 }, 'single'],
    ['three addresses', { bind: '10.0.0.2', nodes: trio }, 'static', '10.0.0.2:10008'],
    ['behind address translation', { bind: '0.0.0.0', advertise: '10.0.0.3', nodes: trio }, 'static', '10.0.0.3:10008'],
    [
      'the list has the bound address only',
      { bind: '10.0.0.1', advertise: '192.0.2.1', nodes: trio },
      'static',
      '10.0.0.1:10008',
    ],
    [
      'an address for a listed name',
      { bind: '10.0.0.1', nodes: ['n1.example', 'n2.example', 'n3.example'] },
      'static',
      'n1.example:10008',
    ],
    [
      'a name for a listed address',
      { bind: 'n1.example', nodes: ['[fd00::1]:10008', '10.0.0.2'] },
      'static',
      '[fd00::1]:10008',
    ],
    [
      'the same text before the same address',
      { bind: 'n1.example', nodes: ['n1.example', 'alias.example'] },
      'static',
      'n1.example:10008',
    ],
    [
      'all on this host',
      { nodes: ['127.0.0.1:10008', '127.0.0.1:10009', '127.0.0.1:10010'] },
      'static',
      '127.0.0.1:10008',
    ],
    ['discovery by a node that does not vote', { discovery: true, nonVoter: true }, 'discovered'],
    ['discovery with nobody listed', { discovery: true, bootstrapExpect: 3, votersOnDisk: 3 }, 'discovered'],
  ];
  for (const [title, keys, kind, self] of accepted)
    it(`${title}: ${kind}`, async () => {
      const layout = await read(keys);
      assert.equal(layout.kind, kind);
      assert.equal(layout.kind === 'static' ? formatAddress(layout.self) : undefined, self);
    });

  it('collapses what is listed twice, blanks around it ignored', async () => {
    const layout = await read({ bind: '10.0.0.1', nodes: ['10.0.0.1', ' 10.0.0.2', '10.0.0.2:10008', '10.0.0.1 '] });
    assert(layout.kind === 'static');
    assert.deepEqual(layout.nodes.map(formatAddress), ['10.0.0.1:10008', '10.0.0.2:10008']);
  });

  const refused: readonly (readonly [title: string, keys: Partial<LayoutKeys>, message: RegExp])[] = [
    ['listening everywhere without an address to dial', { bind: '0.0.0.0' }, /^RaftBind .* set RaftAdvertise/],
    ['the same over IPv6', { bind: '[::]:10008' }, /^RaftBind \[::\]:10008 .* set RaftAdvertise/],
    ['advertising everywhere', { advertise: '0.0.0.0' }, /^RaftAdvertise 0\.0\.0\.0:10008 cannot be dialled: set it/],
    [
      'a loopback address for nodes elsewhere',
      { nodes: ['127.0.0.1', '10.0.0.2'] },
      /^RaftAdvertise is 127\.0\.0\.1:10008, .* set RaftAdvertise/,
    ],
    [
      'a list without this node',
      { bind: '10.0.0.9', nodes: trio },
      /does not name this node, which is 10\.0\.0\.9:10008: add/,
    ],
    ['one entry that is another node', { bind: '10.0.0.9', nodes: ['10.0.0.1'] }, /does not name this node/],
    [
      'bound and advertised as two entries',
      { bind: '10.0.0.1', advertise: '10.0.0.2', nodes: trio },
      /names this node several times, as 10\.0\.0\.1:10008 and 10\.0\.0\.2:10008: keep one/,
    ],
    [
      'two names of this node',
      { bind: '10.0.0.1', nodes: ['n1.example', 'alias.example', 'n2.example'] },
      /several times, as n1\.example:10008 and alias\.example:10008/,
    ],
    ['a bad entry', { bind: '10.0.0.1', nodes: ['10.0.0.1', 'x y'] }, /^RaftNodes, entry 2: "x y" is neither/],
    ['nobody says how many found', { discovery: true }, /set RaftBootstrapExpect to that number/],
    ['two sources of founders', { bind: '10.0.0.1', nodes: trio, discovery: true }, /keep one of them/],
    ['alone where three are expected', { bootstrapExpect: 3 }, /RaftBootstrapExpect is 3: name the founders/],
    ['alone with the data of three', { votersOnDisk: 3 }, /group of 3 voters: restore RaftNodes; .*peers\.json/],
    ['listed alone with the data of three', { nodes: ['127.0.0.1'], votersOnDisk: 3 }, /names this node only, but/],
  ];
  for (const [title, keys, message] of refused)
    it(`refuses ${title}`, () => assert.rejects(read(keys), { code: 'CONFIG_INVALID', message }));
});
