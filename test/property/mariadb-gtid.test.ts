import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Instance } from '../../internal/topology/instance.ts';
import { keyText } from '../../internal/topology/instance-key.ts';
import { MariadbState } from '../../internal/topology/mariadb-gtid.ts';
import { hasUnapplied, holdsAllReceived, layersByReceived, missingFrom } from '../../internal/topology/received.ts';
import { aMariadbReplica } from '../unit/topology/builders.ts';

const DOMAINS = [0, 7];
const WRITERS = [1, 8, 9];
const SEEDS = [1, 42, 20_240_501];

interface Transaction {
  readonly domain: number;
  readonly serverId: number;
  readonly sequence: number;
}
const text = ({ domain, serverId, sequence }: Transaction) => `${domain}-${serverId}-${sequence}`;

const transaction = fc.record({
  domain: fc.constantFrom(...DOMAINS),
  serverId: fc.constantFrom(...WRITERS),
  sequence: fc.integer({ min: 1, max: 9 }),
});
const transactions = fc.array(transaction, { maxLength: 12 });

/** The slow twin: every transaction up to the highest of its domain and server, one text each. */
function slow(list: readonly Transaction[]): Set<string> {
  const upTo = ({ sequence, ...rest }: Transaction) =>
    Array.from({ length: sequence }, (_, at) => text({ ...rest, sequence: at + 1 }));
  return new Set(list.flatMap(upTo));
}

describe('MariadbState against a set of texts', () => {
  for (const seed of SEEDS) {
    it(`agrees on every operation (seed ${seed})`, () => {
      const agrees = (left: readonly Transaction[], right: readonly Transaction[], one: Transaction) => {
        const [a, b] = [MariadbState.parse(left.map(text).join()), MariadbState.parse(right.map(text).join(', '))];
        const [x, y] = [slow(left), slow([...left, ...right])];
        const asked = { ...one, sequence: BigInt(one.sequence) };
        assert.equal(a.isEmpty, x.size === 0);
        assert.equal(a.holds(asked), x.has(text(one)));
        assert.equal(a.merge(b).holds(asked), y.has(text(one)));
        assert.equal(`${a.merge(b)}`, `${b.merge(a)}`);
        assert.equal(`${MariadbState.parse(`${a}`)}`, `${a}`);
      };
      fc.assert(fc.property(transactions, transactions, transaction, agrees), { seed, numRuns: 400 });
    });
  }
});

/** Who wrote each transaction of a domain, in order: the history that the replicas share. */
type History = readonly (readonly number[])[];

const history: fc.Arbitrary<History> = fc.tuple(
  ...DOMAINS.map(() => fc.array(fc.constantFrom(...WRITERS), { maxLength: 8 })),
);
const traits = fc.record({
  applied: fc.tuple(fc.nat(8), fc.nat(8)),
  unapplied: fc.tuple(fc.nat(3), fc.nat(3)),
  /** Transactions of its own, which nobody else has, behind what it applied. */
  own: fc.constantFrom(0, 0, 0, 1, 2),
  logs: fc.constantFrom(true, true, false),
  /** Set up from a copy at this point: its binary log knows nothing of what was before. */
  from: fc.constantFrom(0, 0, 3),
});
type Traits = typeof traits extends fc.Arbitrary<infer T> ? T : never;

interface Twin {
  readonly instance: Instance;
  /** Everything it received or wrote. */
  readonly holds: ReadonlySet<string>;
  readonly unapplied: boolean;
  /** Its binary log has seen all that it holds. */
  readonly complete: boolean;
}

/** A server as it would report itself, and the plain truth about it. */
function build(past: History, { applied, unapplied, own, logs, from }: Traits, n: number): Twin {
  const shared = past.map((writers, at) =>
    writers.map((serverId, index) => ({ domain: DOMAINS[at] ?? 0, serverId, sequence: index + 1 })),
  );
  const done = shared.map((all, at) => all.slice(0, applied[at]));
  const got = shared.map((all, at) => all.slice(0, (applied[at] ?? 0) + (own > 0 ? 0 : (unapplied[at] ?? 0))));
  const written = Array.from({ length: own }, (_, at) => ({
    domain: DOMAINS[0] ?? 0,
    serverId: n,
    sequence: (done[0]?.length ?? 0) + 1 + at,
  }));
  const logged = [...(logs ? done.flatMap((all) => all.slice(from)) : []), ...written];
  const last = (lists: readonly (readonly Transaction[])[]) =>
    lists
      .flatMap((all) => all.slice(-1))
      .map(text)
      .join();
  const binlogPos = DOMAINS.map((domain) => logged.filter((one) => one.domain === domain));
  const gtid = {
    binlogState: `${MariadbState.parse(logged.map(text).join())}`,
    binlogPos: last(binlogPos),
    strictMode: true,
  };
  return {
    instance: aMariadbReplica(n, last(done), last(got), gtid, { logReplicaUpdates: logs }),
    holds: new Set([...got.flat(), ...written].map(text)),
    unapplied: got.flat().length > done.flat().length,
    complete: logs && from === 0,
  };
}

const contains = (a: Twin, b: Twin) => [...b.holds].every((one) => a.holds.has(one));

describe('what MariaDB servers of one history received, against sets of texts', () => {
  const fleets = fc
    .tuple(history, fc.array(traits, { minLength: 2, maxLength: 4 }))
    .map(([past, all]) => all.map((one, at) => build(past, one, at + 20)));
  const told = (fleet: readonly Twin[]) =>
    JSON.stringify(
      fleet.map(({ instance: { gtid, replication, logReplicaUpdates } }) => ({
        gtid,
        received: replication?.received,
        logReplicaUpdates,
      })),
      null,
      1,
    );

  for (const seed of SEEDS) {
    it(`nobody is said to hold what it lacks (seed ${seed})`, () => {
      const safe = (fleet: readonly Twin[]) => {
        for (const a of fleet)
          for (const b of fleet) {
            if (!holdsAllReceived(a.instance, b.instance)) continue;
            assert.ok(
              contains(a, b),
              `${keyText(a.instance.key)} lacks what ${keyText(b.instance.key)} has: ${told(fleet)}`,
            );
            assert.equal(missingFrom(a.instance, b.instance), '');
          }
      };
      fc.assert(fc.property(fleets, safe), { seed, numRuns: 400 });
    });

    it(`who has applied all and logs it is said to hold what it holds (seed ${seed})`, () => {
      const sure = (fleet: readonly Twin[]) => {
        for (const a of fleet) {
          if (a.unapplied || !a.complete) continue;
          for (const b of fleet)
            if (contains(a, b))
              assert.ok(
                holdsAllReceived(a.instance, b.instance),
                `${keyText(a.instance.key)} holds what ${keyText(b.instance.key)} has: ${told(fleet)}`,
              );
        }
      };
      fc.assert(fc.property(fleets, sure), { seed, numRuns: 400 });
    });

    it(`what waits in a relay log is seen (seed ${seed})`, () => {
      const seen = (fleet: readonly Twin[]) => {
        for (const { instance, unapplied } of fleet) assert.equal(hasUnapplied(instance), unapplied);
      };
      fc.assert(fc.property(fleets, seen), { seed, numRuns: 200 });
    });

    it(`nobody in a layer lacks what one of a lower layer has, unless they parted (seed ${seed})`, () => {
      const peeled = (fleet: readonly Twin[]) => {
        const twin = new Map(fleet.map((one) => [one.instance, one]));
        const [top = []] = layersByReceived(fleet.map(({ instance }) => instance));
        for (const one of top) {
          const mine = twin.get(one);
          assert.ok(mine);
          const above = fleet.filter((other) => holdsAllReceived(other.instance, one) && !contains(mine, other));
          assert.deepEqual(above, []);
        }
      };
      fc.assert(fc.property(fleets, peeled), { seed, numRuns: 200 });
    });
  }
});
