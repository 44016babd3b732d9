import assert from 'node:assert/strict';
import { NodeOffice } from '../../../internal/app/office.ts';
import { Resumption, type ResumptionDeps } from '../../../internal/app/resumption.ts';
import { Inventory } from '../../../internal/discovery/inventory.ts';
import { RecoveryBook, type RecoveryRecord } from '../../../internal/recovery/book.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { type InstanceKey, keyText } from '../../../internal/topology/instance-key.ts';
import { aSnapshot } from '../../support/a-cluster.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { anOffice, WILLING_STORE } from '../../support/office.ts';
import { partial } from '../../support/partial.ts';
import { anInstance, PRIMARY_KEY } from '../topology/builders.ts';

const PATIENCE_MS = 6_000;
const open: RecoveryRecord = {
  ...{ uid: 'u', kind: 'lockedSemiSync', code: 'LockedSemiSyncMaster', failed: PRIMARY_KEY, cluster: 'primary:3306' },
  ...{ alias: '', startedMs: 0, successful: false, lost: [], participants: [], errors: [], harmless: true },
};
const primary = anInstance(1, { key: PRIMARY_KEY });
const other = anInstance(2);

/** A process that starts with an open recovery and knows two servers, of which it has read the first; when that recovery is over. */
async function starting(ofOther: { readonly watched: boolean; readonly forgotten?: boolean }) {
  const clock = new FakeClock();
  const inventory = new Inventory();
  inventory.restore(aSnapshot([primary, other], [primary.key, other.key]).members);
  const probed: string[] = [];
  const book = new RecoveryBook(WILLING_STORE, () => ({ blockMs: 1 }), clock, [open]);
  const alone = { mayAct: true, term: 0, inTouch: true, decide: async () => undefined, confirm: async () => undefined };
  const office = new NodeOffice(alone, clock, silentLog);
  const resumption = new Resumption(
    partial<ResumptionDeps>({
      ...{ clock, inventory, log: silentLog },
      settings: {
        ...{ freshForMs: PATIENCE_MS, observer: { hotIntervalMs: 50 }, fence: { retryMs: 100 } },
        runner: { probeTimeoutMs: 1_000, stepTimeoutMs: 1_000 },
      },
      storage: { audit: () => undefined },
      ledger: {
        book,
        scripts: { uids: () => [] },
        journalled: async () => [],
        planOf: async () => undefined,
        limitOf: () => 0,
      },
      coordinator: { isRunning: () => false },
      runner: { continueAt: () => undefined },
      lateForget: { takeUp: async () => undefined },
      observer: {
        isWatched: () => ofOther.watched,
        probeNow: async (key: InstanceKey) => {
          probed.push(keyText(key));
          return other;
        },
      },
      onChanged: () => undefined,
    }),
  );
  resumption.begin(office);
  inventory.recordSuccess(primary, clock.nowMs());
  if (ofOther.forgotten) inventory.forget(other.key);
  await clock.advance(PATIENCE_MS - 100);
  const early = book.open().length === 0;
  await clock.advance(200);
  await office.tasks.stop();
  return { early, ended: book.open().length === 0, probed };
}

describe('a recovery that a stopped process left open', () => {
  for (const [title, ofOther, probed] of [
    ['has not come to', { watched: true }, [keyText(other.key)]],
    ['leaves alone', { watched: false }, []],
    ['was told to forget meanwhile', { watched: false, forgotten: true }, []],
  ] as const)
    it(`is not kept open by a server that discovery ${title}`, async () => {
      assert.deepEqual(await starting(ofOther), { early: false, ended: true, probed });
    });
});

describe('a promoted server that has not forgotten its source yet', () => {
  it('is taken up by each office', async () => {
    const read: string[] = [];
    const resumption = new Resumption(
      partial<ResumptionDeps>({
        ...{ clock: new FakeClock(), inventory: new Inventory(), log: silentLog },
        ledger: {
          book: new RecoveryBook(WILLING_STORE, () => ({ blockMs: 1 }), new FakeClock()),
          scripts: { uids: () => [] },
        },
        storage: {
          notes: async (uid: string) => {
            read.push(uid);
            return [];
          },
        },
        lateForget: {
          takeUp: async (_, notesOf) => {
            await notesOf('u');
          },
        },
      }),
    );
    const office = anOffice();
    resumption.begin(office as NodeOffice);
    await office.tasks.stop();
    assert.deepEqual(read, ['u']);
  });

  it('is waited for by a process that ends, which says whom that did not help', async () => {
    const lines: unknown[] = [];
    const told = (line: unknown) => void lines.push(line);
    const waits: number[] = [];
    const settled = async (limitMs: number) => (waits.push(limitMs) > 1 ? [other.key] : [primary.key, other.key]);
    const log = { warn: told, error: told };
    const resumption = new Resumption(partial<ResumptionDeps>({ lateForget: { settled }, log }));
    await resumption.settle([], async () => undefined, anOffice());
    assert.deepEqual(lines, [
      { instance: keyText(primary.key) },
      { instance: keyText(other.key) },
      { instance: keyText(other.key) },
    ]);
    assert.deepEqual(waits, [0, 75_000]);
  });

  it('is waited for, too, where the time to finish a recovery is over', async () => {
    const waits: number[] = [];
    const settled = async (limitMs: number) => {
      waits.push(limitMs);
      return [];
    };
    const resumption = new Resumption(partial<ResumptionDeps>({ lateForget: { settled }, log: silentLog }));
    resumption.finish = () => Promise.reject(new Error('the time is over'));
    await assert.rejects(
      resumption.settle([open], async () => undefined, anOffice()),
      /the time is over/,
    );
    assert.deepEqual(waits, [0, 75_000]);
  });
});
