import assert from 'node:assert/strict';
import { ownUrl } from '../../../internal/app/group/own-url.ts';

const KEYS = {
  HTTPAdvertise: '',
  UseSSL: false,
  RaftAdvertise: 'orc1.example:10008',
  DefaultRaftPort: 10_008,
  ListenAddress: ':3000',
};

const CASES: readonly (readonly [title: string, keys: Partial<typeof KEYS>, url: string | RegExp])[] = [
  ['host of the node, port of the API', {}, 'http://orc1.example:3000'],
  [
    'a listener on one address says nothing of how the others come',
    { ListenAddress: '0.0.0.0:80' },
    'http://orc1.example:80',
  ],
  ['TLS', { UseSSL: true }, 'https://orc1.example:3000'],
  ['a node without a port', { RaftAdvertise: '10.0.0.1' }, 'http://10.0.0.1:3000'],
  ['IPv6', { RaftAdvertise: '[2001:db8::1]:10008' }, 'http://[2001:db8::1]:3000'],
  [
    'as configured, word for word',
    { HTTPAdvertise: 'https://Proxy.example:443', UseSSL: false },
    'https://Proxy.example:443',
  ],
  ['no port to be told', { ListenAddress: 'localhost' }, /ListenAddress "localhost" has no port.* set HTTPAdvertise$/],
];

describe('where the others find the API of this node', () => {
  for (const [title, keys, expected] of CASES)
    it(`${title}: ${expected}`, () => {
      const found = () => ownUrl({ ...KEYS, ...keys });
      if (typeof expected === 'string') assert.equal(found(), expected);
      else assert.throws(found, expected);
    });
});
