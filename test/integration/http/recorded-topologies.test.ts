import assert from 'node:assert/strict';
import { TestHttp } from '../../support/http.ts';

describe('a picture of all topologies', () => {
  let http: TestHttp;
  before(async () => {
    http = await TestHttp.start();
  });
  after(() => http.stop());

  it('is answered with the time that it took, also where it could not be taken', async () => {
    const { status, json } = await http.get('/api/snapshot-topologies');
    const { Code, Details } = json as { Code: string; Details: string };
    assert.deepEqual([status, Code], [200, 'OK']);
    assert.match(Details, /^Took \d+(\.\d)?ms$/);
    http.house.failure = 'disk full';
    const failed = await http.get('/api/snapshot-topologies');
    const answer = failed.json as { Code: string; Message: string; Details: string };
    assert.deepEqual([failed.status, answer.Code, answer.Message], [500, 'ERROR', 'disk full']);
    assert.match(answer.Details, /^Took \d+(\.\d)?ms$/);
  });
});
