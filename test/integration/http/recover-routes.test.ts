import assert from 'node:assert/strict';
import { TestHttp } from '../../support/http.ts';
import { V2Client } from '../../support/v2.ts';

const SERVER = 'db1.example/3306';
const loud = 'recover db1.example:3306 db1.example:3306 {"skipHooks":false}';
const quiet = 'recover db1.example:3306 db1.example:3306 {"skipHooks":true}';
const designated = (skipHooks: boolean) =>
  `recover db1.example:3306 db1.example:3306 {"designated":{"hostname":"db2.example","port":3306},"skipHooks":${skipHooks}}`;

describe('a request to recover a server', () => {
  let http: TestHttp;
  before(async () => {
    http = await TestHttp.start();
  });
  after(() => http.stop());

  for (const [path, begun] of [
    [`recover/${SERVER}`, loud],
    [`recover/${SERVER}?skipProcesses=true`, quiet],
    [`recover/${SERVER}?skipProcesses=1`, loud],
    [`recover/${SERVER}/db2.example/3306`, designated(false)],
    [`recover/${SERVER}/db2.example/3306?skipProcesses=true`, designated(true)],
    [`recover-lite/${SERVER}`, quiet],
    [`recover-lite/${SERVER}?skipProcesses=false`, quiet],
  ] as const)
    it(`${path}: scripts ${begun.includes('true') ? 'are not run' : 'are run'}`, async () => {
      http.house.calls.length = 0;
      await http.get(`/api/${path}`);
      assert.deepEqual(http.house.calls, [begun]);
    });

  it('of /api/v2 says so in its body', async () => {
    const client = await V2Client.of((...request) => http.get(...request));
    http.house.calls.length = 0;
    await client.ask('/recoveries', {
      method: 'POST',
      body: { kind: 'recover', server: 'db1.example', skipScripts: true },
    });
    assert.deepEqual(http.house.calls, [quiet]);
  });
});
