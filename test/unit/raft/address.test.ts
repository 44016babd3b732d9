import assert from 'node:assert/strict';
import { formatAddress, isLoopback, parseAddress } from '../../../internal/raft/address.ts';

const PORT = 10_008;

describe('an address of a node', () => {
  const accepted: readonly (readonly [text: string, spelling: string])[] = [
    ['10.0.0.1', '10.0.0.1:10008'],
    ['10.0.0.1:10009', '10.0.0.1:10009'],
    [' 10.0.0.1 ', '10.0.0.1:10008'],
    ['\t10.0.0.1:1\n', '10.0.0.1:1'],
    ['Node-1.Example.com', 'node-1.example.com:10008'],
    ['node_1:65535', 'node_1:65535'],
    ['node-1.example.com.:10009', 'node-1.example.com.:10009'],
    ['::1', '[::1]:10008'],
    ['[::1]', '[::1]:10008'],
    ['[::1]:10009', '[::1]:10009'],
    ['2001:DB8:0:0:0:0:0:1', '[2001:db8::1]:10008'],
    ['[FE80::1%eth0]:7', '[fe80::1%eth0]:7'],
    ['0.0.0.0', '0.0.0.0:10008'],
    ['::', '[::]:10008'],
  ];
  for (const [text, spelling] of accepted)
    it(`${JSON.stringify(text)} is ${spelling}`, () => {
      const address = parseAddress(text, 'RaftBind', PORT);
      assert.equal(formatAddress(address), spelling);
      assert.deepEqual(parseAddress(spelling, 'RaftBind', 0), address, 'its spelling reads back');
    });

  const refused: readonly (readonly [text: string, why: RegExp, defaultPort?: number])[] = [
    ['', /an address is empty/],
    ['   ', /an address is empty/],
    ['2001:db8:0:0:0:0:0:1:10008', /in brackets, as in \[::1\]:10008/],
    ['fe80::1:10008', /in brackets/],
    ['a:b:c', /in brackets/],
    ['[10.0.0.1]:10008', /does not hold an IPv6 address/],
    ['[::1', /does not hold an IPv6 address/],
    ['[::1]x', /does not hold an IPv6 address/],
    ['10.0.0.256', /neither a host name nor an IP address/],
    ['10.0.0', /neither a host name/],
    ['http://n1:3000', /several colons/],
    ['n1/path', /neither a host name/],
    ['n1 n2', /neither a host name/],
    ['-n1', /neither a host name/],
    ['n1..example', /neither a host name/],
    [`${'a'.repeat(64)}.example`, /neither a host name/],
    [':10008', /neither a host name/],
    ['n1:', /port of "n1:" must be a number from 1 to 65535/],
    ['n1:0', /from 1 to 65535/],
    ['n1:65536', /from 1 to 65535/],
    ['n1:+80', /from 1 to 65535/],
    ['n1:80a', /from 1 to 65535/],
    ['n1', /no port and DefaultRaftPort is 0: append :port, or set DefaultRaftPort/, 0],
    ['::1', /no port and DefaultRaftPort is 0/, 0],
    ['n1', /no port and DefaultRaftPort is 70000/, 70_000],
  ];
  for (const [text, why, defaultPort = PORT] of refused)
    it(`${JSON.stringify(text)} is refused, saying where and what to do`, () => {
      assert.throws(() => parseAddress(text, 'RaftNodes, entry 2', defaultPort), {
        code: 'CONFIG_INVALID',
        message: new RegExp(`^RaftNodes, entry 2: .*${why.source}`),
      });
    });

  it('is of this host alone where it is a loopback one', () => {
    const hosts = ['127.0.0.1', '127.9.9.9', '::1', 'localhost', 'n.localhost', '::ffff:7f00:1'];
    assert.deepEqual(
      hosts.filter((host) => !isLoopback(host)),
      [],
    );
    assert.deepEqual(['10.0.0.1', '128.0.0.1', '::', 'localhost.example', 'fe80::1'].filter(isLoopback), []);
  });
});
