import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { EventLog, OperationSettings } from '../../internal/operations/ports.ts';
import { PseudoGtid } from '../../internal/operations/pseudo-gtid.ts';
import { OrchestratorError } from '../../internal/runtime/errors.ts';
import { type InstanceKey, keyText } from '../../internal/topology/instance-key.ts';
import { MARKER, marker, PSEUDO_GTID, rows, type Written, WrittenLog } from '../support/event-log.ts';
import { partial } from '../support/partial.ts';
import { anInstance } from '../unit/topology/builders.ts';

const KINDS = ['Write', 'Update', 'Delete'] as const;
/** What may have happened to a copy of the history. */
const FATES = ['whole', 'its own write', 'compressed', 'one transaction less', 'two transactions exchanged'] as const;
type Fate = (typeof FATES)[number];

interface Entry {
  /** In the history of the primary; undefined: written by this server itself. */
  readonly id: number | undefined;
  readonly transaction: Written;
}

/** Markers every so often, rows between them. On MariaDB every transaction carries its GTID. */
function history(picks: readonly number[], mariadb: boolean): readonly Entry[] {
  return picks.map((pick, id) => {
    const plain = pick < 2 ? marker(id) : rows(KINDS[pick % KINDS.length] ?? 'Write');
    if (!mariadb) return { id, transaction: plain };
    const [first, ...rest] = plain.events.slice(1);
    assert.ok(first);
    const begins = first[1] === 'BEGIN';
    const gtid = ['Gtid', `${begins ? 'BEGIN ' : ''}GTID 0-1-${id + 1} cid=${pick}`] as const;
    return { id, transaction: { serverId: 1, events: begins ? [gtid, ...rest] : [gtid, first] } };
  });
}

function copyOf(all: readonly Entry[], fate: Fate, at: number, serverId: number): readonly Entry[] {
  const copy = [...all];
  // behind the newest marker: before it nothing is compared, and servers that change the order are told by their settings
  const first = fate === 'two transactions exchanged' ? copy.findLastIndex(isMarker) + 1 : 0;
  const place = first + (at % Math.max(1, copy.length - 1 - first));
  const [one, two] = [copy[place], copy[place + 1]];
  if (fate === 'its own write') copy.splice(place, 0, { id: undefined, transaction: rows('Write', serverId) });
  if (fate === 'one transaction less') copy.splice(place, 1);
  if (fate === 'two transactions exchanged' && one && two) copy.splice(place, 2, two, one);
  if (fate === 'compressed' && one)
    copy[place] = { ...one, transaction: { serverId: 1, events: [['Transaction_payload', "compression='ZSTD'"]] } };
  return copy;
}

function isMarker({ transaction }: Entry): boolean {
  return transaction.events.some(([, info]) => info.startsWith(MARKER));
}

describe('places found by Pseudo-GTID in random logs', () => {
  it('are the true ones, or none is found', async () => {
    let matched = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 9 }), { minLength: 2, maxLength: 40 }),
        fc.boolean(),
        fc.nat(),
        fc.nat(),
        fc.constantFrom(...FATES),
        fc.constantFrom(...FATES),
        fc.nat(),
        fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 })),
        async (picks, mariadb, cutOne, cutOther, fateOne, fateOther, at, [perFileOne, perFileOther]) => {
          // without GTID in the log, rows of one kind look the same: a server that lost or exchanged some is told by its settings alone
          const known = (fate: Fate): Fate => (!mariadb && /less|exchanged/.test(fate) ? 'whole' : fate);
          const all = history(picks, mariadb);
          const one = copyOf(all.slice(0, 1 + (cutOne % all.length)), known(fateOne), at, 2);
          const other = copyOf(all.slice(0, 1 + (cutOther % all.length)), known(fateOther), at, 3);
          const ofOne = { serverId: 2, stride: 7, perFile: perFileOne, number: 12, mariadb };
          const ofOther = { serverId: 3, stride: 11, perFile: perFileOther, number: 907, mariadb };
          const logs = [one, other].map(
            (entries, index) =>
              new WrittenLog(
                entries.map(({ transaction }) => transaction),
                index === 0 ? ofOne : ofOther,
              ),
          );
          const [mine, theirs] = logs;
          assert.ok(mine && theirs);
          const found = await placeOf(mine, theirs);
          if (found === undefined) {
            refused += 1;
            const both = known(fateOne) === 'whole' && known(fateOther) === 'whole';
            const haveMarker = one.some(({ id }) => id !== undefined && (picks[id] ?? 9) < 2);
            assert.ok(!(both && haveMarker && other.length >= one.length), 'nothing speaks against it');
            return;
          }
          matched += 1;
          const last = one.findLast(({ id }) => id !== undefined)?.id;
          const truth = theirs.ends[other.findIndex(({ id }) => id === last)];
          assert.deepEqual(found, truth);
        },
      ),
      { numRuns: 1_500 },
    );
    assert.ok(matched > 100 && refused > 100, `${matched} matched, ${refused} refused`);
  });
});

async function placeOf(one: WrittenLog, other: WrittenLog) {
  const instances = [anInstance(2, { ownCoordinates: one.end }), anInstance(3, { ownCoordinates: other.end })] as const;
  const logs = new Map<string, EventLog>([
    [keyText(instances[0].key), one],
    [keyText(instances[1].key), other],
  ]);
  const matcher = new PseudoGtid({
    servers: {
      readLogs: async (key: InstanceKey, _signal, work) => {
        const log = logs.get(keyText(key));
        assert.ok(log);
        return work(log);
      },
    },
    settings: partial<OperationSettings>({
      pseudoGtid: PSEUDO_GTID,
      reasonableMaintenanceLagSeconds: 0,
      startPollMs: 1,
    }),
    clock: { monotonicMs: () => 0, sleep: async () => assert.fail('nothing to wait for') },
  });
  try {
    return (await matcher.match(...instances, AbortSignal.timeout(5_000))).at;
  } catch (err) {
    if (err instanceof OrchestratorError) return undefined;
    throw err;
  }
}
