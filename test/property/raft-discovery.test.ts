import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formatAddress, parseAddress } from '../../internal/raft/address.ts';
import { candidatesOf, MOST_CANDIDATES } from '../../internal/raft/discovery/candidates.ts';
import { Pods } from '../../internal/raft/discovery/pods.ts';
import { readFinderSettings } from '../../internal/raft/discovery/settings.ts';
import { AddressSpace } from '../../internal/raft/wire/address-space.ts';
import { OrchestratorError } from '../../internal/runtime/errors.ts';

const RUNS = { numRuns: 2000 };
const text = fc.oneof(
  fc.constantFrom('10.0.0.1', 'fd00::1', '', 'raft', '999.1.1.1', '::', 'a b', '\u0000'),
  fc.string(),
);
const port = fc.oneof(fc.constantFrom(0, 10_008, 65_536, -1, 1.5, '10008', null), fc.integer());
const maybe = <T>(one: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 4, arbitrary: one }, { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 2 }) });

/** Something like a pod, with anything in place of any part of it. */
const pod = maybe(
  fc.record(
    {
      metadata: maybe(
        fc.record(
          { name: maybe(text), namespace: maybe(text), resourceVersion: maybe(text), deletionTimestamp: text },
          { requiredKeys: [] },
        ),
      ),
      spec: maybe(
        fc.record({
          hostname: text,
          subdomain: text,
          containers: maybe(
            fc.array(
              maybe(fc.record({ ports: maybe(fc.array(maybe(fc.record({ name: text, containerPort: port })))) })),
            ),
          ),
        }),
      ),
      status: maybe(fc.record({ podIP: maybe(text), phase: text }, { requiredKeys: [] })),
    },
    { requiredKeys: [] },
  ),
);
const list = maybe(
  fc.record({ metadata: maybe(fc.record({ resourceVersion: text })), items: maybe(fc.array(pod, { maxLength: 5 })) }),
);
const event = maybe(
  fc.record({
    type: fc.oneof(fc.constantFrom('ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'), text),
    object: pod,
  }),
);

describe('whatever a discovery service answers', () => {
  it('is pods with addresses that can be dialled, or nothing', () =>
    fc.assert(
      fc.property(fc.boolean(), list, fc.array(event, { maxLength: 5 }), (byName, first, events) => {
        const pods = new Pods({ portName: 'raft', byName });
        pods.replace(first);
        for (const one of events) assert(['changed', 'same', 'expired'].includes(pods.take(one)));
        for (const address of pods.found.addresses)
          assert.deepEqual(parseAddress(formatAddress(address), 'a test', 0), address);
        assert.equal(typeof pods.version, 'string');
      }),
      RUNS,
    ));

  it('leaves a bounded, sorted list without repetitions, in which order does not count', () => {
    const address = fc.record({
      host: fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain()),
      port: fc.integer({ min: 1, max: 65_535 }),
    });
    const space = new AddressSpace(['10.0.0.0/8', 'fd00::/8']);
    fc.assert(
      fc.property(fc.array(address, { maxLength: 200 }), (found) => {
        const texts = candidatesOf(found, space).addresses.map(formatAddress);
        assert(texts.length <= MOST_CANDIDATES);
        assert.deepEqual(texts, [...new Set(texts)].toSorted());
        assert.deepEqual(candidatesOf(found.toReversed(), space).addresses.map(formatAddress), texts);
      }),
      { numRuns: 300 },
    );
  });

  it('has no part in the configuration, which is read or refused in so many words', () => {
    const types = fc.constantFrom('file', 'dns', 'dns-srv', 'kubernetes', 'consul', 'etcd', 'mdns', 'x');
    const names = fc.constantFrom(
      'Path',
      'Names',
      'Service',
      'Domain',
      'LabelSelector',
      'ServiceName',
      'Endpoints',
      'Port',
    );
    const given = fc.tuple(types, fc.dictionary(names, fc.oneof(text, port, fc.jsonValue({ maxDepth: 2 }))));
    fc.assert(
      fc.property(given, ([Type, rest]) => {
        try {
          assert.equal(readFinderSettings({ Type, ...rest }, { defaultPort: 1, env: {} })?.type, Type);
        } catch (err) {
          assert(err instanceof OrchestratorError && err.code === 'CONFIG_INVALID', String(err));
          assert.match(err.message, /^RaftDiscovery.*(set it to|set one of them|take it out)/);
        }
      }),
      RUNS,
    );
  });
});
