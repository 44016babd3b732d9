import assert from 'node:assert/strict';
import { resolveHost } from '../../../../internal/raft/wire/resolve.ts';

interface World {
  readonly hosts?: string;
  readonly resolvConf?: string;
  readonly a?: Readonly<Record<string, readonly string[]>>;
  readonly aaaa?: Readonly<Record<string, readonly string[]>>;
}

/** Resolves in a world of files and records; says which names the name servers were asked for. */
async function look(host: string, { hosts, resolvConf, a = {}, aaaa = {} }: World) {
  const asked: string[] = [];
  const answer = async (records: Readonly<Record<string, readonly string[]>>, name: string) => {
    const found = records[name];
    if (found === undefined) throw new Error('ENOTFOUND');
    return found;
  };
  const deps = {
    readFile: (path: string) => (path === '/etc/hosts' ? hosts : resolvConf),
    nameServers: () => ({
      resolve4: (name: string) => {
        asked.push(name);
        return answer(a, name);
      },
      resolve6: (name: string) => answer(aaaa, name),
      cancel: () => undefined,
    }),
  };
  return { addresses: await resolveHost(host, deps, new AbortController().signal), asked };
}

describe('resolving a host', () => {
  const hosts = '# comment\n127.0.0.1 localhost\nfd00::1\tn1.example  n1 # alias\n10.0.0.1 N1\nbroken n1\n\n';
  const cases: readonly (readonly [
    title: string,
    host: string,
    world: World,
    addresses: readonly string[],
    asked: readonly string[],
  ])[] = [
    ['an address stands for itself', '10.0.0.9', { hosts: '10.0.0.1 10.0.0.9' }, ['10.0.0.9'], []],
    ['an IPv6 address too', 'fd00::9', {}, ['fd00::9'], []],
    [
      'the hosts file comes first, IPv4 before IPv6',
      'n1',
      { hosts, a: { n1: ['192.0.2.1'] } },
      ['10.0.0.1', 'fd00::1'],
      [],
    ],
    ['a name in it counts whole', 'example', { hosts, a: { example: ['192.0.2.1'] } }, ['192.0.2.1'], ['example']],
    ['localhost needs no file', 'localhost', {}, ['127.0.0.1', '::1'], []],
    [
      'both families are asked for',
      'n2.example',
      { a: { 'n2.example': ['10.0.0.2'] }, aaaa: { 'n2.example': ['fd00::2'] } },
      ['10.0.0.2', 'fd00::2'],
      ['n2.example'],
    ],
    ['one family is enough', 'n2.example', { aaaa: { 'n2.example': ['fd00::2'] } }, ['fd00::2'], ['n2.example']],
    ['an unknown name has none', 'nobody.example', { hosts }, [], ['nobody.example']],
    [
      'a short name is searched for first, as Kubernetes wants it',
      'm-0.manager',
      {
        resolvConf: 'nameserver 10.96.0.10\nsearch db.svc.cluster.local svc.cluster.local\noptions ndots:5\n',
        a: { 'm-0.manager.svc.cluster.local': ['10.0.0.3'] },
      },
      ['10.0.0.3'],
      ['m-0.manager.db.svc.cluster.local', 'm-0.manager.svc.cluster.local'],
    ],
    [
      'a name with dots is asked for as it is, then searched for',
      'n3.dc1',
      { resolvConf: 'search example.com.\n', a: { 'n3.dc1.example.com': ['10.0.0.4'] } },
      ['10.0.0.4'],
      ['n3.dc1', 'n3.dc1.example.com'],
    ],
    ['a final dot ends the search', 'n3.dc1.', { resolvConf: 'search example.com\n' }, [], ['n3.dc1']],
  ];
  for (const [title, host, world, addresses, asked] of cases)
    it(title, async () => assert.deepEqual(await look(host, world), { addresses, asked }));
});
