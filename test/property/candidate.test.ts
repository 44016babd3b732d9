import assert from 'node:assert/strict';
import fc from 'fast-check';
import { chooseCandidate } from '../../internal/topology/candidate.ts';
import type { Instance } from '../../internal/topology/instance.ts';
import { keyText } from '../../internal/topology/instance-key.ts';
import { PROMOTION_RULES } from '../../internal/topology/promotion-rule.ts';
import { holdsAllReceived, layersByReceived } from '../../internal/topology/received.ts';
import { aMariadbReplica, anInstance, aReplica, uuid } from '../unit/topology/builders.ts';

const options = {
  preventCrossDataCenter: false,
  preventCrossRegion: false,
  isBanned: () => false,
  lowerVersionAllowed: false,
  verifyFilters: false,
  reasonableMaintenanceLagSeconds: 20,
  maxLagSeconds: 0,
};

const traits = fc.record({
  held: fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { minLength: 1 }),
  sequence: fc.integer({ min: 1, max: 6 }),
  writer: fc.constantFrom(1, 1, 8),
  rule: fc.constantFrom(...PROMOTION_RULES),
  dataCenter: fc.constantFrom('dc1', 'dc2'),
  version: fc.constantFrom('8.4.1', '8.4.1', '8.0.1'),
  binlogEnabled: fc.constantFrom(true, true, true, false),
  errant: fc.constantFrom(false, false, true),
  applierErrno: fc.constantFrom(0, 0, 0, 1062),
  delaySeconds: fc.constantFrom(0, 0, 600),
  lagSeconds: fc.constantFrom(undefined, 0, 3),
});
type Traits = typeof traits extends fc.Arbitrary<infer T> ? T : never;

function mysql(one: Traits, n: number): Instance {
  const { rule: promotionRule, dataCenter, version, binlogEnabled, applierErrno, delaySeconds, lagSeconds } = one;
  const own = one.errant ? `,${uuid(n)}:1` : '';
  return aReplica(n, `${uuid(1)}:1${own}`, `${uuid(1)}:${one.held.join(':')}`, {
    promotionRule,
    dataCenter,
    version,
    binlogEnabled,
    replication: { applierErrno, delaySeconds, lagSeconds },
  });
}

function mariadb(one: Traits, n: number): Instance {
  const { rule: promotionRule, dataCenter, binlogEnabled } = one;
  const received = `0-${one.writer}-${one.sequence}`;
  return aMariadbReplica(n, '0-1-1', received, {}, { promotionRule, dataCenter, binlogEnabled });
}

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  if (items.length < 2) return [items];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

function told(replicas: readonly Instance[]): string {
  const choice = chooseCandidate({ failed: anInstance(1), replicas, options });
  return JSON.stringify(choice, (_, value: unknown) => (isInstance(value) ? keyText(value.key) : value));
}

function isInstance(value: unknown): value is Instance {
  return typeof value === 'object' && value !== null && 'serverId' in value;
}

describe('choice of a candidate', () => {
  for (const seed of [1, 42, 20_240_501]) {
    for (const [family, build] of Object.entries({ mysql, mariadb })) {
      const fleets = fc
        .array(traits, { minLength: 1, maxLength: 4 })
        .map((all) => all.map((one, at) => build(one, at + 2)));

      it(`does not depend on the order of ${family} replicas (seed ${seed})`, () => {
        const same = (fleet: readonly Instance[]) => {
          assert.equal(new Set(permutations(fleet).map(told)).size, 1);
        };
        fc.assert(fc.property(fleets, same), { seed, numRuns: 60 });
      });

      it(`keeps aside whoever holds more than the new ${family} primary (seed ${seed})`, () => {
        const safe = (fleet: readonly Instance[]) => {
          const choice = chooseCandidate({ failed: anInstance(1), replicas: fleet, options });
          if (choice.kind === 'none') return;
          const { candidate, mostAdvanced, diverged, errant } = choice;
          assert.notEqual(candidate.promotionRule, 'must_not');
          assert.ok(candidate.binlogEnabled && mostAdvanced.binlogEnabled);
          for (const one of fleet.filter((other) => other !== candidate && !errant.includes(other))) {
            assert.ok(diverged.includes(one) || holdsAllReceived(mostAdvanced, one), keyText(one.key));
          }
        };
        fc.assert(fc.property(fleets, safe), { seed, numRuns: 150 });
      });

      it(`peels layers of ${family} servers in any order (seed ${seed})`, () => {
        const peeled = (fleet: readonly Instance[]) => {
          const layers = layersByReceived(fleet).map((layer) => layer.map(({ key }) => keyText(key)).sort());
          assert.equal(layers.flat().length, fleet.length);
          return JSON.stringify(layers);
        };
        const same = (fleet: readonly Instance[]) => {
          assert.equal(new Set(permutations(fleet).map(peeled)).size, 1);
        };
        fc.assert(fc.property(fleets, same), { seed, numRuns: 60 });
      });
    }
  }
});
