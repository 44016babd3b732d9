import assert from 'node:assert/strict';
import { primaryPairs } from '../../../internal/recovery/primary-pairs.ts';

describe('key-value pairs of a primary', () => {
  for (const [hostname, ipv4, ipv6] of [
    ['db1.example', '', ''],
    ['10.0.0.1', '10.0.0.1', ''],
    ['2001:db8::1', '', '2001:db8::1'],
  ] as const) {
    it(`of ${hostname}`, () => {
      const pairs = new Map(primaryPairs('mysql/master/', 'app', { hostname, port: 3307 }));
      assert.equal(pairs.get('mysql/master/app/hostname'), hostname);
      assert.equal(pairs.get('mysql/master/app/port'), '3307');
      assert.equal(pairs.get('mysql/master/app/ipv4'), ipv4);
      assert.equal(pairs.get('mysql/master/app/ipv6'), ipv6);
      assert.match(pairs.get('mysql/master/app') ?? '', /:3307$/);
      assert.equal(pairs.size, 5);
    });
  }
});
