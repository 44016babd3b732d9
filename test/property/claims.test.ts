import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Command } from '../../internal/command/command.ts';
import { type Entry, TestLedger } from '../support/ledger.ts';

const key = (hostname: string) => ({ hostname, port: 3306 });
const term = fc.integer({ min: 1, max: 3 });
const uid = fc.constantFrom('a', 'b', 'c', 'd');
const base = { kind: 'primary', code: 'DeadMaster', alias: '', successful: false } as const;
const empty = { lost: [], participants: [], errors: [], harmless: false };

const recordOf = fc
  .record({ uid, cluster: fc.constantFrom('p', 'q'), startedMs: fc.integer({ min: 0, max: 20 }) })
  .map((one) => ({
    ...base,
    ...empty,
    ...one,
    failed: key(one.cluster),
  }));
const command: fc.Arbitrary<Command> = fc.oneof(
  fc
    .tuple(recordOf, term, fc.boolean())
    .map(
      ([record, of, automatic]) =>
        ({ op: 'write-recovery', record, claim: { term: of, automatic, blockMs: 5 } }) as const,
    ),
  recordOf.map((record) => ({ op: 'resolve-recovery', record: { ...record, endedMs: 30 }, aftermath: null }) as const),
  fc
    .tuple(uid, fc.nat(3))
    .map(([of, number]) => ({ op: 'recovery-progress', uid: of, number, text: 's', limitMs: 1 }) as const),
  fc.constantFrom({ op: 'disable-global-recoveries' } as const, { op: 'enable-global-recoveries' } as const),
);
/** In any order, terms that go back included: what holds then holds for every log that a group could make. */
const entry: fc.Arbitrary<Entry> = fc
  .tuple(command, term, fc.integer({ min: 0, max: 40 }))
  .map(([said, of, atMs]) => ({ command: said, stamp: { atMs, node: `n${of}`, term: of, index: 0 } }));

describe('claims in whatever order they come', () => {
  it('leave at most one open for each cluster, and let only its holder act', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 40 }), (log) => {
        const one = new TestLedger();
        for (const { command: said, stamp } of log) {
          const holder = said.op === 'recovery-progress' ? one.ledger.book.find(said.uid)?.holder : undefined;
          const refused = one.apply({ command: said, stamp });
          const open = one.ledger.book.open().map(({ cluster }) => cluster);
          assert.equal(new Set(open).size, open.length, `two open: ${open.join()}`);
          if (said.op === 'recovery-progress' && refused === undefined)
            assert.deepEqual(holder, { node: stamp.node, term: stamp.term });
        }
      }),
      { numRuns: 500 },
    );
  });

  it('come to the same state when any end of the log is applied once more', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 30 }), fc.nat(30), (some, from) => {
        const log = logOf(some);
        const [once, twice] = [new TestLedger(), new TestLedger()];
        for (const one of log) once.apply(one);
        for (const one of [...log, ...log.slice(from)]) twice.apply(one);
        assert.deepEqual(twice.state, once.state);
      }),
      { numRuns: 500 },
    );
  });
});

/** What a group could have in its log: terms that do not go back, and steps and ends of those alone who were granted a claim. */
function logOf(entries: readonly Entry[]): readonly Entry[] {
  const one = new TestLedger();
  const granted = new Set<string>();
  return [...entries]
    .sort((a, b) => a.stamp.term - b.stamp.term)
    .filter((each) => {
      const { command: said, stamp } = each;
      const of = 'uid' in said ? said.uid : 'record' in said ? said.record.uid : '';
      const name = `${of} ${stamp.term}`;
      const isHolders = said.op === 'recovery-progress' || said.op === 'resolve-recovery';
      if (isHolders && !granted.has(name)) return false;
      if (one.apply(each) === undefined && said.op === 'write-recovery') granted.add(name);
      return true;
    });
}
