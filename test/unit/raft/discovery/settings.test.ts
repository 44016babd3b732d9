import assert from 'node:assert/strict';
import { readFinderSettings } from '../../../../internal/raft/discovery/settings.ts';
import { OrchestratorError } from '../../../../internal/runtime/errors.ts';

const CONTEXT = { defaultPort: 10_008, env: {} };
const COMMON = { intervalMs: 2000, timeoutMs: 5000 };

const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const NO_TLS = { caFile: '', certFile: '', keyFile: '' };

const READ: readonly { readonly title: string; readonly given: Record<string, unknown>; readonly expected: unknown }[] =
  [
    { title: 'nothing', given: {}, expected: undefined },
    {
      title: 'a file',
      given: { Type: 'file', Path: '/etc/nodes' },
      expected: { type: 'file', path: '/etc/nodes', defaultPort: 10_008, ...COMMON },
    },
    {
      title: 'names, with the default port',
      given: { Type: 'dns', Names: ['a.example.com', 'managers'] },
      expected: { type: 'dns', names: ['a.example.com', 'managers'], port: 10_008, servers: [], ...COMMON },
    },
    {
      title: 'one name in place of a list, and everything else set',
      given: {
        Type: 'dns',
        Names: ' a ',
        Port: 7,
        Servers: ['10.0.0.1', '[fd00::1]:53', 'fd00::2', '10.0.0.2:5353'],
        IntervalSeconds: 0.5,
        TimeoutSeconds: 1,
      },
      expected: {
        type: 'dns',
        names: ['a'],
        port: 7,
        servers: ['10.0.0.1', '[fd00::1]:53', 'fd00::2', '10.0.0.2:5353'],
        intervalMs: 500,
        timeoutMs: 1000,
      },
    },
    {
      title: 'SRV records, underscores written or not',
      given: { Type: 'dns-srv', Service: '_raft', Protocol: 'tcp', Domain: 'db.example.com' },
      expected: {
        type: 'dns-srv',
        name: '_raft._tcp.db.example.com',
        domain: 'db.example.com',
        servers: [],
        ...COMMON,
      },
    },
    {
      title: 'an API server that is named, without the account of a pod',
      given: { Type: 'kubernetes', LabelSelector: 'app=manager', ApiServer: 'http://127.0.0.1:8001/', Namespace: 'db' },
      expected: {
        ...{ type: 'kubernetes', apiServer: 'http://127.0.0.1:8001', namespace: 'db', tokenFile: '', caFile: '' },
        ...{ namespaceFile: `${ACCOUNT}/namespace`, labelSelector: 'app=manager', portName: 'raft', ...COMMON },
      },
    },
    {
      title: 'an agent of Consul by its defaults',
      given: { Type: 'consul', ServiceName: 'managers' },
      expected: {
        ...{ type: 'consul', origin: 'http://127.0.0.1:8500', tokenFile: '', serviceName: 'managers', dataCenters: [] },
        ...{ registerSelf: true, checkIntervalMs: 10_000, deregisterAfterMs: 3_600_000, ...NO_TLS, ...COMMON },
      },
    },
    {
      title: 'etcd with everything set',
      given: {
        ...{
          Type: 'etcd',
          Endpoints: ['https://10.0.0.1:2379/', 'https://[fd00::1]:2379'],
          Prefix: '/ha',
          UserFile: '/u',
        },
        ...{ ServiceName: 'm', LeaseTTLSeconds: 30, CAFile: '/ca', CertFile: '/cert', PrivateKeyFile: '/key' },
      },
      expected: {
        ...{
          type: 'etcd',
          endpoints: ['https://10.0.0.1:2379', 'https://[fd00::1]:2379'],
          prefix: '/ha',
          userFile: '/u',
        },
        ...{ serviceName: 'm', leaseMs: 30_000, caFile: '/ca', certFile: '/cert', keyFile: '/key', ...COMMON },
      },
    },
    {
      title: 'multicast by its defaults',
      given: { Type: 'mdns' },
      expected: { type: 'mdns', service: 'mysqlha', interface: '', ...COMMON },
    },
  ];

const REFUSED: readonly { readonly given: Record<string, unknown>; readonly because: RegExp }[] = [
  { given: { Path: '/x' }, because: /^RaftDiscovery: Type is missing: set it to one of "file", "dns", "dns-srv"/ },
  { given: { Type: 'dnss' }, because: /^RaftDiscovery: Type is "dnss": set it to one of "file"/ },
  { given: { Type: 7 }, because: /^RaftDiscovery: Type is 7: / },
  { given: { Type: 'file' }, because: /^RaftDiscovery of type file: Path is missing: set it to the path of a file$/ },
  { given: { Type: 'file', Path: ' ' }, because: /Path is " ": set it to the path of a file/ },
  { given: { Type: 'file', Path: null }, because: /Path is missing/ },
  {
    given: { Type: 'file', Path: '/x', Names: ['a'] },
    because:
      /^RaftDiscovery of type file: it knows no Names: take it out, or use one of Path, IntervalSeconds, TimeoutSeconds$/,
  },
  {
    given: { Type: 'dns', Names: [] },
    because: /^RaftDiscovery of type dns: Names is \[\]: set it to a list of host names such as/,
  },
  { given: { Type: 'dns', Names: ['a', 'b c'] }, because: /Names is \["a","b c"\]/ },
  { given: { Type: 'dns', Names: ['a'], Port: 70_000 }, because: /Port is 70000: set it to a port from 1 to 65535/ },
  { given: { Type: 'dns', Names: ['a'], Port: '80' }, because: /Port is "80"/ },
  {
    given: { Type: 'dns', Names: ['a'], Servers: ['ns.example.com'] },
    because: /Servers is \["ns.example.com"\]: set it to a list of addresses of name servers/,
  },
  { given: { Type: 'dns', Names: ['a'], Servers: ['10.0.0.1:0'] }, because: /Servers is/ },
  {
    given: { Type: 'dns', Names: ['a'], IntervalSeconds: 0 },
    because: /IntervalSeconds is 0: set it to a number of seconds from 0.1 to 10/,
  },
  { given: { Type: 'dns-srv', Service: 'raft' }, because: /Domain is missing/ },
  {
    given: { Type: 'dns-srv', Service: 'a.b', Domain: 'c' },
    because: /Service is "a.b": set it to the service of the SRV records/,
  },
  {
    given: { Type: 'dns-srv', Service: 'raft', Protocol: 'udp', Domain: 'c' },
    because: /Protocol is "udp": set it to "tcp" or "_tcp"/,
  },
  { given: { Type: 'kubernetes' }, because: /LabelSelector is missing: set it to a selector of the pods such as/ },
  {
    given: { Type: 'kubernetes', LabelSelector: 'a=b' },
    because: /ApiServer is missing and this is no pod: set it to https:/,
  },
  {
    given: { Type: 'kubernetes', LabelSelector: 'a=b', ApiServer: 'https://api/v1' },
    because: /ApiServer is "https:\/\/api\/v1"/,
  },
  {
    given: { Type: 'consul' },
    because: /ServiceName is missing: set it to the name of the service, the same on all nodes/,
  },
  {
    given: { Type: 'consul', ServiceName: 'm', Address: 'http://x:1' },
    because: /Address is "http:.*set it to host:port/,
  },
  {
    given: { Type: 'consul', ServiceName: 'm', Scheme: 'ftp' },
    because: /Scheme is "ftp": set it to "http" or "https"/,
  },
  {
    given: { Type: 'consul', ServiceName: 'm', DeregisterAfterSeconds: 10 },
    because: /DeregisterAfterSeconds is 10: set it to a number of seconds from 60/,
  },
  {
    given: { Type: 'consul', ServiceName: 'm', RegisterSelf: 'no' },
    because: /RegisterSelf is "no": set it to true or false/,
  },
  { given: { Type: 'etcd' }, because: /ServiceName is missing/ },
  {
    given: { Type: 'etcd', ServiceName: 'm', Endpoints: ['10.0.0.1:2379'] },
    because: /Endpoints is .*set it to a list of endpoints/,
  },
  { given: { Type: 'etcd', ServiceName: 'm', Prefix: 'x' }, because: /Prefix is "x"/ },
  {
    given: { Type: 'etcd', ServiceName: 'm', LeaseTTLSeconds: 5 },
    because: /LeaseTTLSeconds is 5: set it to a whole number of seconds from 30/,
  },
  { given: { Type: 'mdns', Domain: 'example.com' }, because: /Domain is "example.com": set it to "local"/ },
  { given: { Type: 'mdns', Service: 'mysqlha' }, because: /Service is "mysqlha": set it to a service of DNS-SD/ },
];

describe('what RaftDiscovery may hold', () => {
  for (const { title, given, expected } of READ)
    it(`takes ${title}`, () => assert.deepEqual(readFinderSettings(given, CONTEXT), expected));

  for (const { given, because } of REFUSED)
    it(`refuses ${JSON.stringify(given)}`, () =>
      assert.throws(
        () => readFinderSettings(given, CONTEXT),
        (err) => err instanceof OrchestratorError && err.code === 'CONFIG_INVALID' && because.test(err.message),
      ));

  it('needs a port for names where there is no default one', () =>
    assert.throws(
      () => readFinderSettings({ Type: 'dns', Names: ['a'] }, { defaultPort: 0, env: {} }),
      /Port is missing/,
    ));

  for (const [host, apiServer] of [
    ['10.96.0.1', 'https://10.96.0.1:6443'],
    ['fd00::1', 'https://[fd00::1]:6443'],
  ] as const)
    it(`finds the API server in a pod (${host})`, () => {
      const env = { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: '6443' };
      const read = readFinderSettings({ Type: 'kubernetes', LabelSelector: 'a=b' }, { defaultPort: 0, env });
      const expected = { apiServer, tokenFile: `${ACCOUNT}/token`, caFile: `${ACCOUNT}/ca.crt` };
      assert.deepEqual({ ...read, ...expected }, read);
    });

  it('does not repeat the value of a field that it does not know, which may be a secret', () =>
    assert.throws(
      () => readFinderSettings({ Type: 'file', Path: '/x', Token: 'hunter2' }, CONTEXT),
      (err) => err instanceof Error && !err.message.includes('hunter2'),
    ));
});
