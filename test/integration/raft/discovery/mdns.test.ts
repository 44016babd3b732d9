import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { formatAddress, parseAddress } from '../../../../internal/raft/address.ts';
import { MdnsFinder } from '../../../../internal/raft/discovery/mdns.ts';
import { systemClock } from '../../../../internal/runtime/clock.ts';
import { until } from '../../../support/daemon.ts';

const NEVER = new AbortController().signal;

// Multicast does not leave this host: it goes to the loopback interface only.
describe('finding nodes by multicast', () => {
  const service = `test-${randomInt(1e6)}`;
  const finders: MdnsFinder[] = [];
  afterEach(() => Promise.all(finders.splice(0).map((finder) => finder.release())));

  function newFinder(self: string, of = service): MdnsFinder {
    const finder = new MdnsFinder(
      { service: of, interface: '127.0.0.1' },
      parseAddress(self, 'a test', 1),
      systemClock,
    );
    finders.push(finder);
    return finder;
  }
  const found = async (finder: MdnsFinder) => (await finder.find(NEVER)).addresses.map(formatAddress).toSorted().join();

  it('finds nodes of the same service, and loses those that leave', async () => {
    const [one, two, other] = [
      newFinder('127.0.0.1:7001'),
      newFinder('10.9.9.9:7002'),
      newFinder('127.0.0.1:7003', 'x'),
    ];
    await Promise.all([one, two, other].map((finder) => finder.register()));
    await until(
      'both find both',
      async () => (await found(one)) === '10.9.9.9:7002,127.0.0.1:7001' && (await found(two)) === (await found(one)),
    );
    assert.equal(await found(other), '127.0.0.1:7003');
    await two.release();
    await until('the other is gone', async () => (await found(one)) === '127.0.0.1:7001');
  });

  const REFUSED: readonly (readonly [self: string, wanted: string, because: RegExp])[] = [
    ['8.8.8.8', '', /RaftDiscovery of type mdns: RaftAdvertise is 8.8.8.8:1, which is no private address/],
    ['[2001:db8::1]:1', '', /is no private address/],
    ['172.32.0.1', '', /is no private address/],
    ['manager.example.com', '', /is no private address/],
    [
      '10.255.255.254',
      'nosuch0',
      /Interface is "nosuch0", and this host has no such interface .*set it to one of .*lo/,
    ],
    ['10.255.255.254', '', /Interface is "10.255.255.254", and this host has no such interface/],
  ];
  for (const [self, wanted, because] of REFUSED)
    it(`refuses ${self}${wanted === '' ? '' : ` on ${wanted}`}`, () =>
      assert.throws(
        () => new MdnsFinder({ service, interface: wanted }, parseAddress(self, 'a test', 1), systemClock),
        because,
      ));
});
