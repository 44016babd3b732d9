import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CONTRACT, type ContractRoute, DIFFERENT, exampleOf, LATER } from '../../compat/routes.ts';
import { FakeGroup } from '../../support/fake-group.ts';
import { type Answer, TestHttp } from '../../support/http.ts';

const ours = (route: ContractRoute): ContractRoute => ({ ...route, ...DIFFERENT[route.path] });
const isEnvelope = ({ json }: Answer) =>
  typeof json === 'object' && json !== null && Object.keys(json).join() === 'Code,Message,Details';
const isUnknown = ({ status, text }: Answer) => status === 404 && text.includes('No such API call');

describe('the contract of the API', () => {
  let leading: TestHttp;
  let readOnly: TestHttp;
  let following: TestHttp;
  const leader = createServer((_request, response) => response.setHeader('The-Leader', 'says so').end('{}'));

  before(async () => {
    [leading, readOnly, following] = await Promise.all([
      TestHttp.start(),
      TestHttp.start({ readOnly: true }),
      TestHttp.start(),
    ]);
    await new Promise<void>((resolve) => leader.listen(0, '127.0.0.1', resolve));
    leading.house.group = new FakeGroup(1);
    const { port } = leader.address() as AddressInfo;
    following.house.group = new FakeGroup(2).follow(`http://127.0.0.1:${port}`);
  });
  after(async () => {
    await Promise.all([leading.stop(), readOnly.stop(), following.stop()]);
    leader.close();
  });

  const ask = (http: TestHttp, route: ContractRoute) => http.get(`/api/${exampleOf(route)}`);

  for (const route of CONTRACT.filter(({ path }) => !LATER.includes(path)))
    it(`${route.path}: ${Object.values(ours(route)).slice(1).join(', ')}`, async () => {
      const { where, right, answer } = ours(route);
      const given = await ask(leading, route);
      assert.ok(!isUnknown(given), given.text);
      assert.notEqual(given.json, undefined, given.text);
      if (answer === 'envelope' || RETIRED.test(route.path)) assert.ok(isEnvelope(given), given.text);
      else assert.deepEqual([given.status, isEnvelope(given)], [200, false], given.text);

      const refused = await ask(readOnly, route);
      const isRefused = refused.text === '{"Code":"ERROR","Message":"Unauthorized","Details":null}';
      assert.equal(isRefused, right === 'acts', `in read-only mode: ${refused.text.slice(0, 200)}`);

      const asked = await ask(following, route);
      assert.equal(asked.headers['the-leader'] !== undefined, where === 'relayed', asked.text.slice(0, 200));
    });

  for (const path of LATER)
    it(`${path}: not built yet`, async () => {
      const route = CONTRACT.find((one) => one.path === path);
      assert.ok(route, 'no call of the contract: take it out of LATER in test/compat/routes.ts');
      const given = await ask(leading, route);
      assert.ok(isUnknown(given), 'it answers: take it out of LATER in test/compat/routes.ts');
    });
});

/** Their answer is always the error that says so. */
const RETIRED = /^(agent|seeds)/;
