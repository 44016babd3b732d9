import assert from 'node:assert/strict';
import { acceptsGzip } from '../../../internal/http/compression.ts';
import { FakeGroup } from '../../support/fake-group.ts';
import { SETTINGS, TestHttp } from '../../support/http.ts';

const GZIP = { 'Accept-Encoding': 'deflate, gzip;q=0.8' };

describe('answers in gzip', () => {
  for (const [accepted, taken] of [
    ['gzip', true],
    ['br, GZIP ;q=0.5', true],
    ['gzip;q=0', false],
    ['gzip; q=0.00, br', false],
    ['xgzip', false],
    ['', false],
  ] as const)
    it(`${accepted || 'nothing'} is accepted: ${taken ? '' : 'not '}sent`, () =>
      assert.equal(acceptsGzip(accepted), taken));

  it('are the same answers, whatever their form and their status', async () => {
    const http = await TestHttp.start();
    http.house.group = new FakeGroup(1);
    try {
      for (const path of [
        '/api/all-instances',
        '/api/clusters',
        '/api/lb-check',
        '/api/topology/shop',
        '/api/instance/nobody/1',
        '/api/nonsense',
        '/nothing',
        '/livez',
        '/metrics',
      ]) {
        const plain = await http.get(path);
        const zipped = await http.get(path, GZIP);
        assert.deepEqual([zipped.status, zipped.text], [plain.status, plain.text], path);
        const of = ({ headers }: typeof plain) =>
          ['content-type', 'content-encoding', 'content-length', 'vary'].map((name) => headers[name]);
        assert.deepEqual(of(zipped), [plain.headers['content-type'], 'gzip', undefined, 'Accept-Encoding'], path);
        assert.deepEqual([plain.headers['content-encoding'], plain.headers.vary], [undefined, 'Accept-Encoding'], path);
      }
      assert.equal((await http.get('/api/raft-backup', GZIP)).headers['content-encoding'], undefined);
      const head = await http.get('/api/clusters', GZIP, 'HEAD');
      assert.deepEqual([head.status, head.text, head.headers['content-encoding']], [200, '', undefined]);
    } finally {
      await http.stop();
    }
  });

  it('but for the one that asks for a login', async () => {
    const authentication = { ...SETTINGS.authentication, method: 'basic', user: 'u', password: 'p' };
    const http = await TestHttp.start({ authentication });
    try {
      const { status, headers, text } = await http.get('/api/clusters', GZIP);
      assert.deepEqual([status, headers['content-encoding'], text], [401, undefined, 'Not Authorized']);
    } finally {
      await http.stop();
    }
  });

  it('are made by the node that was asked, not by the leader that answers', async () => {
    const leader = await TestHttp.start();
    const follower = await TestHttp.start();
    try {
      leader.house.group = new FakeGroup(1);
      follower.house.group = new FakeGroup(2).follow(leader.url);
      const plain = await follower.get('/api/all-instances');
      const zipped = await follower.get('/api/all-instances', GZIP);
      assert.equal(zipped.text, plain.text);
      assert.deepEqual(
        [plain, zipped].map(({ headers }) => headers['content-encoding']),
        [undefined, 'gzip'],
      );
      assert.equal(zipped.headers['content-length'], undefined);
    } finally {
      await Promise.all([leader.stop(), follower.stop()]);
    }
  });
});
