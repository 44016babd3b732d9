import assert from 'node:assert/strict';
import { TestHttp } from '../../support/http.ts';

/** What is asked for by aliases of `db2.example` that nobody has used before → the last that was asked of the services. */
const CASES: readonly (readonly [path: string, done: RegExp])[] = [
  ['begin-downtime/A/3306/me/why', /^downtime db2\.example:3306 /],
  ['begin-maintenance/A/3306/me/why', /db2\.example:3306/],
  ['tag/A/3306?tag=role=backup', /db2\.example:3306/],
  ['register-candidate/A/3306/prefer', /db2\.example:3306/],
  ['relocate/db3.example/3306/A/3306', /db2\.example:3306/],
];

describe('a change of a server by a name that nobody has used before', () => {
  let http: TestHttp;
  before(async () => {
    http = await TestHttp.start();
  });
  after(() => http.stop());

  for (const [number, [path, done]] of CASES.entries())
    it(`${path}: is filed under what that name stands for`, async () => {
      const { status, text } = await http.get(`/api/${path.replace('A', `cname${number}.example`)}`);
      assert.equal(status, 200, text);
      assert.match(http.house.calls.at(-1) ?? '', done);
    });

  it('a look has no name looked up', async () => {
    await http.get('/api/instance/cname-seen.example/3306');
    assert.equal(http.house.introduced.has('cname-seen.example'), false);
  });
});
