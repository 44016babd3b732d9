import assert from 'node:assert/strict';
import { sharedUrl } from '../../../internal/app/shared/shared-url.ts';

describe('where other daemons on the same backend find the API', () => {
  for (const [ListenAddress, more, url] of [
    [':3000', {}, undefined],
    ['127.0.0.1:3000', {}, undefined],
    ['[::1]:3000', {}, undefined],
    ['0.0.0.0:3000', {}, 'http://orc1:3000'],
    ['[::]:3000', { UseSSL: true }, 'https://orc1:3000'],
    ['10.0.0.1:80', {}, 'http://10.0.0.1:80'],
    ['[fd00::1]:80', {}, 'http://[fd00::1]:80'],
    ['0.0.0.0:0', {}, undefined],
    [':3000', { HTTPAdvertise: 'https://orc.example:443' }, 'https://orc.example:443'],
  ] as const) {
    it(`${ListenAddress} ${JSON.stringify(more)}: ${url ?? 'nowhere'}`, () => {
      assert.equal(sharedUrl({ HTTPAdvertise: '', UseSSL: false, ListenAddress, ...more }, 'orc1'), url);
    });
  }
});
