import assert from 'node:assert/strict';
import { formatAddress } from '../../../../internal/raft/address.ts';
import { DnsFinder } from '../../../../internal/raft/discovery/dns.ts';
import { DnsSrvFinder } from '../../../../internal/raft/discovery/dns-srv.ts';
import { OrchestratorError } from '../../../../internal/runtime/errors.ts';
import { NameServer } from '../../../support/name-server.ts';

const NEVER = new AbortController().signal;

describe('finding nodes by DNS', () => {
  let server: NameServer;
  before(async () => {
    server = await NameServer.start();
    Object.assign(server.zones, {
      'three.test': { A: ['10.0.0.1', '10.0.0.2'], AAAA: ['fd00::3'] },
      'four.test': { A: ['10.0.0.4'] },
      'half.test': { A: ['10.0.0.5'], failing: 'AAAA' },
      'large.test': { A: Array.from({ length: 100 }, (_, at) => `10.1.0.${at}`), truncated: true },
      'empty.test': {},
      'failing.test': { failing: true },
      'silent.test': { silent: true },
      'slow.test': { A: ['10.0.0.6'], silent: 'AAAA' },
      '_raft._tcp.db.test': {
        SRV: [
          { port: 10_008, target: 'n1.db.test' },
          { port: 10_009, target: 'n2.DB.test' },
          { port: 10_008, target: 'db.test' },
          { port: 10_008, target: 'evildb.test' },
          { port: 0, target: 'n3.db.test' },
          { port: 10_008, target: '.' },
        ],
      },
      '_raft._tcp.failing.test': { failing: true },
      '_raft._tcp.empty.test': {},
    });
  });
  after(() => server.stop());

  const names = (list: readonly string[], timeoutMs = 1000) =>
    new DnsFinder({ names: list, port: 7, servers: [server.address], timeoutMs });
  const find = async (list: readonly string[]) => {
    const { addresses, problems } = await names(list).find(NEVER);
    return { addresses: addresses.map(formatAddress).toSorted(), problems };
  };
  const unknown = (because: RegExp) => (err: unknown) =>
    err instanceof OrchestratorError && err.code === 'UNAVAILABLE' && because.test(err.message);

  it('takes all addresses of all names, with the port of the configuration', async () =>
    assert.deepEqual(await find(['three.test', 'four.test']), {
      addresses: ['10.0.0.1:7', '10.0.0.2:7', '10.0.0.4:7', '[fd00::3]:7'],
      problems: [],
    }));

  it('takes an address for itself', async () =>
    assert.deepEqual(await find(['10.0.0.9']), { addresses: ['10.0.0.9:7'], problems: [] }));

  it('comes over TCP for an answer that does not fit', async () => {
    const { addresses } = await find(['large.test']);
    assert.equal(addresses.length, 100);
    assert(server.asked.includes('TCP A large.test'));
  });

  const PARTLY: readonly (readonly [title: string, names: readonly string[], found: string, problem: RegExp])[] = [
    ['a name that does not exist', ['four.test', 'none.test'], '10.0.0.4:7', /^none.test has no address$/],
    ['a name without addresses', ['four.test', 'empty.test'], '10.0.0.4:7', /^empty.test has no address$/],
    [
      'a name that the servers fail on',
      ['four.test', 'failing.test'],
      '10.0.0.4:7',
      /about failing.test \(ESERVFAIL\)/,
    ],
    [
      'a family of addresses that they fail on',
      ['half.test'],
      '10.0.0.5:7',
      /^half.test: only one of A and AAAA was answered \(ESERVFAIL\)/,
    ],
    [
      'a family of addresses without any answer',
      ['slow.test'],
      '10.0.0.6:7',
      /^slow.test: only one of A and AAAA was answered \(ETIMEOUT\)/,
    ],
  ];
  for (const [title, list, found, problem] of PARTLY)
    it(`takes the rest and says what is missing: ${title}`, async () => {
      const { addresses, problems } = await find(list);
      assert.deepEqual(addresses, [found]);
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? '', problem);
    });

  for (const [title, name, because] of [
    ['does not exist', 'none.test', /none.test has no address/],
    ['fails', 'failing.test', /failing.test \(ESERVFAIL\)/],
    ['is not answered', 'silent.test', /silent.test \(ETIMEOUT\)/],
  ] as const)
    it(`knows nothing where the only name ${title}`, () => assert.rejects(names([name]).find(NEVER), unknown(because)));

  it('ends with its signal, however long the name servers take', async () => {
    await assert.rejects(names(['silent.test'], 60_000).find(AbortSignal.timeout(50)), unknown(/ECANCELLED/));
  });

  const srv = (domain: string, namesChecked: boolean) =>
    new DnsSrvFinder({
      ...{ name: `_raft._tcp.${domain}`, domain, namesChecked },
      ...{ servers: [server.address], timeoutMs: 1000 },
    }).find(NEVER);

  it('takes SRV targets in the domain, each with its port', async () => {
    const { addresses, problems } = await srv('db.test', false);
    assert.deepEqual(addresses.map(formatAddress).toSorted(), [
      'db.test:10008',
      'n1.db.test:10008',
      'n2.db.test:10009',
    ]);
    assert.equal(problems.length, 1);
    for (const left of ['evildb.test:10008', 'n3.db.test:0', ':10008'])
      assert.match(problems[0] ?? '', new RegExp(left));
  });

  it('takes targets in other domains where certificates are compared with names', async () => {
    const { addresses } = await srv('db.test', true);
    assert(addresses.map(formatAddress).includes('evildb.test:10008'));
  });

  it('tells no SRV records from no answer', async () => {
    assert.deepEqual(await srv('empty.test', false), {
      addresses: [],
      problems: ['_raft._tcp.empty.test has no SRV record'],
    });
    await assert.rejects(srv('failing.test', false), unknown(/_raft._tcp.failing.test \(ESERVFAIL\)/));
  });
});
