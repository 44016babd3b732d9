import assert from 'node:assert/strict';
import { SETTINGS, TestHttp } from '../../support/http.ts';

interface Named {
  readonly Key: { readonly Hostname: string };
}

describe('servers that lists of the API leave out', () => {
  for (const [filter, path, without, then] of [
    ['problemIgnore', 'problems', ['db3.example', 'lone.example'], ['lone.example']],
    ['controlIgnore', 'cluster-osc-replicas/shop', ['db2.example', 'db3.example'], ['db2.example']],
  ] as const)
    it(`${path}, by ${filter}`, async () => {
      for (const [expressions, expected] of [
        [[], without],
        [['^db3[.]'], then],
      ] as const) {
        const http = await TestHttp.start({ filters: { ...SETTINGS.filters, [filter]: expressions } });
        try {
          const { json } = await http.get(`/api/${path}`);
          assert.deepEqual((json as Named[]).map(({ Key }) => Key.Hostname).toSorted(), expected);
        } finally {
          await http.stop();
        }
      }
    });
});
