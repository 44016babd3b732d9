import assert from 'node:assert/strict';
import { FakeGroup } from '../../support/fake-group.ts';
import { SETTINGS, TestHttp } from '../../support/http.ts';

describe('pages', () => {
  for (const prefix of ['', '/orc'])
    it(`the root leads to the clusters${prefix && `, below ${prefix}`}`, async () => {
      const http = await TestHttp.start({ urlPrefix: prefix });
      try {
        for (const path of ['/', '/web/'])
          for (const method of ['GET', 'HEAD']) {
            const { status, headers } = await http.get(`${prefix}${path}`, {}, method);
            assert.deepEqual([status, headers.location], [302, `${prefix}/web/clusters`], path);
          }
        assert.equal((await http.get(`${prefix}/`, {}, 'POST')).status, 404);
        const { status, headers, text } = await http.get(`${prefix}/web/clusters`);
        assert.deepEqual([status, headers['content-type']], [200, 'text/html; charset=utf-8']);
        assert.equal(
          headers['content-security-policy'],
          "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        );
        const links = [...text.matchAll(/href="([^"]*)"/g)].map(([, link]) => link ?? '');
        assert.ok(links.length > 5);
        for (const link of links) assert.equal((await http.get(link)).status, 200, link);
      } finally {
        await http.stop();
      }
    });

  it('of old bookmarks exist, show nothing of what was asked for, and are behind the login', async () => {
    const http = await TestHttp.start();
    const authentication = { ...SETTINGS.authentication, method: 'basic', user: 'u', password: 'p' };
    const guarded = await TestHttp.start({ authentication });
    try {
      for (const path of [
        'cluster/shop',
        'cluster/instance/db1/3306',
        'search/%3Cscript%3E',
        'audit/2',
        'audit-recovery/uid/17:abc',
        'about/',
      ]) {
        const { status, text } = await http.get(`/web/${path}`);
        assert.equal(status, 200, path);
        assert.doesNotMatch(text, /script|shop|db1/);
        assert.equal((await guarded.get(`/web/${path}`)).status, 401, path);
      }
      for (const path of ['/', '/debug/vars', '/debug/metrics'])
        assert.equal((await guarded.get(path)).status, 401, path);
    } finally {
      await Promise.all([http.stop(), guarded.stop()]);
    }
  });

  it('a public token is given for the secret one, in a cookie that lets act', async () => {
    const authentication = { ...SETTINGS.authentication, method: 'token' };
    const http = await TestHttp.start({ authentication, urlPrefix: '/orc' });
    try {
      const act = async (headers = {}) => (await http.get('/orc/api/forget/db2.example/3306', headers)).status;
      assert.equal(await act(), 500);
      assert.equal((await http.get('/orc/api/clusters')).status, 200);
      const { status, headers } = await http.get('/orc/web/access-token?publicToken=fresh');
      assert.deepEqual([status, headers.location], [302, '/orc/']);
      const [cookie = ''] = headers['set-cookie'] as string[];
      assert.equal(cookie, 'access-token=fresh:secret; Path=/; HttpOnly; SameSite=Lax');
      assert.equal(await act({ Cookie: cookie.split(';')[0] }), 200);
      assert.equal(await act({ Cookie: 'access-token=fresh:guess' }), 500);
    } finally {
      await http.stop();
    }
  });

  it('what is no fresh public token is refused, as a page refuses, and a head takes nothing', async () => {
    const http = await TestHttp.start();
    try {
      for (const query of ['', '?publicToken=', '?publicToken=used', '?publicToken=a%0d%0ab', '?publicToken=a:b']) {
        const { status, headers, json } = await http.get(`/web/access-token${query}`);
        assert.deepEqual([status, headers['set-cookie']], [200, undefined], query);
        assert.equal((json as { Code: string }).Code, 'ERROR');
      }
      assert.equal(
        (await http.get('/web/access-token?publicToken=fresh', {}, 'HEAD')).headers['set-cookie'],
        undefined,
      );
      assert.deepEqual(http.house.calls, ['redeem used']);
    } finally {
      await http.stop();
    }
  });

  it('come from the leader; what a process says of itself does not', async () => {
    const [leader, follower] = [await TestHttp.start({ readOnly: true }), await TestHttp.start()];
    try {
      leader.house.group = new FakeGroup(1);
      follower.house.group = new FakeGroup(2).follow(leader.url);
      leader.house.counted = { 'raft.is_leader': 1 };
      assert.equal((await follower.get('/web/clusters')).status, 200);
      assert.deepEqual((await follower.get('/debug/vars')).json, { memstats: { HeapAlloc: 1 } });
      assert.deepEqual((await follower.get('/debug/metrics')).json, {
        memstats: { HeapAlloc: 1 },
        'discoveries.attempt': 3,
      });
      await leader.stop();
      assert.equal((await follower.get('/web/clusters')).status, 502);
      assert.equal((await follower.get('/debug/metrics')).status, 200);
    } finally {
      await follower.stop();
    }
  });
});
