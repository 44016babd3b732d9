import assert from 'node:assert/strict';
import { TestHttp } from '../../support/http.ts';

/** Every family of calls that takes what it acts on from the path. `H` stands for `host/port`, `C` for a cluster hint. */
const FAMILIES: readonly string[] = [
  'instance/H',
  'instance-replicas/H',
  'discover/H',
  'refresh/H',
  'async-discover/H',
  'forget/H',
  'cluster/instance/H',
  'topology/H',
  'topology-tabulated/H',
  'replication-analysis/instance/H',
  'begin-downtime/H/me/why',
  'end-downtime/H',
  'register-candidate/H/prefer',
  'begin-maintenance/H/me/why',
  'end-maintenance/H',
  'in-maintenance/H',
  'tags/H',
  'tag-value/H/role',
  'resolve/H',
  'topology-tags/H',
  'recover/H',
  'recover-lite/db1.example/3306/H',
  'force-master-failover/H',
  'force-master-takeover/shop/H',
  'graceful-master-takeover/H',
  'graceful-master-takeover/shop/H',
  'graceful-master-takeover-auto/db1.example/3306/H',
  'ack-recovery/instance/H?comment=c',
  'audit/instance/H',
  'recently-active-instance-recovery/H',
];

const KEYS: readonly (readonly [key: string, message: RegExp])[] = [
  ['db1.example/x', /^Invalid port: x$/],
  ['db1.example/3306.5', /^Invalid port: 3306\.5$/],
  ['db1.example/0x10', /^Invalid port: 0x10$/],
  ['db1.example/%00', /^Invalid port: /],
  ['db1.example/0', /^Invalid instance key: db1\.example:0$/],
  ['db1.example/-1', /^Invalid instance key/],
  ['db1.example/65536', /^Invalid instance key/],
  ['db1.example/99999999999999999999', /^Invalid instance key/],
  ['%20/3306', /^Empty hostname$/],
  ['%0A/3306', /^Empty hostname$/],
  ['_/3306', /^Invalid instance key/],
  ['%2F%2Fdb1.example/3306', /^Invalid instance key/],
  ['a%2Fb/3306', /^Invalid instance key/],
  ['a%20b/3306', /^Invalid instance key/],
  ['a%00b/3306', /^Invalid instance key/],
  ['a%0D%0Ab/3306', /^Invalid instance key/],
  ['a,b/3306', /^Will not resolve multi-hostname a,b$/],
  [`${'x'.repeat(256)}/3306`, /^Invalid instance key/],
  [`${'x'.repeat(8000)}/3306`, /^Invalid instance key/],
];

const HINTS: readonly string[] = [
  'no-such',
  '%27%20OR%201=1',
  '..%2F..%2Fetc%2Fpasswd',
  '%E2%98%83',
  '%FF%FE',
  '%',
  '%zz',
  '%00',
  '[::1',
  'a:b:c',
  '__proto__',
  'constructor',
  '%3Cscript%3E',
  'x'.repeat(8000),
];

const CLUSTERS: readonly string[] = [
  'cluster/C',
  'cluster/alias/C',
  'cluster-info/C',
  'cluster-info/alias/C',
  'cluster-osc-replicas/C',
  'master/C',
  'topology/C',
  'topology-tabulated/C',
  'downtimed/C',
  'forget-cluster/C',
  'force-master-failover/C',
  'force-master-takeover/C/db2.example/3306',
  'graceful-master-takeover/C',
  'graceful-master-takeover-auto/C/db2.example/3306',
  'ack-recovery/cluster/C?comment=c',
  'ack-recovery/cluster/alias/C?comment=c',
];

const OTHERS: readonly (readonly [path: string, message: RegExp])[] = [
  ['begin-downtime/db2.example/3306/me/why/10', /^Invalid duration: 10;/],
  ['begin-downtime/db2.example/3306/me/why/-5m', /^Invalid duration: -5m;/],
  ['begin-downtime/db2.example/3306/me/why/99999999999999999999w', /^Duration too long/],
  ['register-candidate/db2.example/3306/must', /^Invalid promotion rule: must;/],
  ['register-candidate/db2.example/3306/__proto__', /^Invalid promotion rule/],
  ['ack-recovery/cluster/shop', /^No acknowledge comment given$/],
  ['ack-recovery/cluster/shop?comment=%20%0A', /^No acknowledge comment given$/],
  ['ack-recovery/41?comment', /^No acknowledge comment given$/],
  ['ack-recovery/one?comment=c', /^Not a number: one$/],
  ['ack-recovery/-1?comment=c', /^Not a number: -1$/],
  ['ack-recovery/1e3?comment=c', /^Not a number: 1e3$/],
  ['ack-all-recoveries?Comment=c', /^No acknowledge comment given$/],
  ['end-maintenance/one', /^Not a number: one$/],
  ['audit-failure-detection/id/0x9', /^Not a number: 0x9$/],
  ['audit-recovery/id/latest', /^Not a number: latest$/],
];

describe('hostile input', () => {
  let http: TestHttp;
  before(async () => {
    http = await TestHttp.start();
  });
  after(() => http.stop());

  /** An envelope without anything of our insides; and nothing was begun. */
  async function refused(path: string): Promise<string> {
    const before = http.house.calls.length;
    const { status, json, text } = await http.get(`/api/${path}`);
    assert.equal(status, 500, `${path}: ${text}`);
    const { Code, Message } = json as { Code: string; Message: string };
    assert.equal(Code, 'ERROR', path);
    assert.ok(Message !== '' && !/\bat .*\.[jt]s\b|internal error/.test(Message), Message);
    assert.ok(!/[<>]/.test(text), text);
    assert.deepEqual(http.house.calls.slice(before), [], path);
    return Message;
  }

  for (const [key, message] of KEYS) {
    it(`server ${key.slice(0, 40)}: ${message.source}`, async () => {
      for (const family of FAMILIES) assert.match(await refused(family.replace('H', key)), message, family);
    });
  }

  for (const hint of HINTS) {
    it(`cluster ${hint.slice(0, 40)}: not found`, async () => {
      for (const family of CLUSTERS)
        assert.match(await refused(family.replace('C', hint)), /^Unable to determine cluster name/, family);
    });
  }

  for (const [path, message] of OTHERS)
    it(`${path}: ${message.source}`, async () => assert.match(await refused(path), message));

  it('takes what stands encoded in one segment for text, and trims it', async () => {
    await http.get('/api/begin-downtime/db2.example/3306/me%2Fyou%0A/why%3F%20%23not%0A/1h');
    assert.equal(http.house.calls.at(-1), 'downtime db2.example:3306 me/you|why? #not|3600000');
  });

  it('looks for anything that is searched or listed by name, and finds nothing', async () => {
    for (const path of ['search/%25', 'search?s=%00', 'problems/%28', 'problems/a%7C%7C', 'audit-recovery/alias/%27'])
      assert.equal((await http.get(`/api/${path}`)).text, '[]', path);
  });

  it('takes a page that is no number for the first one', async () => {
    const first = (await http.get('/api/audit-recovery')).text;
    for (const page of ['-1', 'x', '1.5', '0', '1e9999'])
      assert.equal((await http.get(`/api/audit-recovery/${page}`)).text, first, page);
    assert.equal((await http.get('/api/audit-recovery/1')).text, '[]');
  });

  it('keeps the configuration in force when the new one is broken', async () => {
    const { status, json } = await http.get('/api/reload-configuration?config=%2Fbroken');
    assert.deepEqual([status, json], [500, { Code: 'ERROR', Message: '/broken: no JSON', Details: null }]);
  });

  it('never reads a body', async () => {
    const { status } = await http.get(
      '/api/clusters',
      { 'Content-Type': 'application/json', 'Content-Length': '8' },
      'GET',
      '{"broken',
    );
    assert.equal(status, 200);
  });
});
