import assert from 'node:assert/strict';
import { formationOf } from '../../../../internal/raft/forming/formation.ts';
import { readRecord, writeRecord } from '../../../../internal/raft/forming/record.ts';
import { NO_RECORD } from '../../../../internal/raft/forming/types.ts';
import { Crash, crashingAfter, MemoryFiles } from '../../../support/crash-files.ts';
import { aFounder } from '../../../support/forming.ts';

const PATH = '/raft/formation.json';
const MEMBERS = [aFounder('a'), aFounder('b', { labels: { zone: 'z1' } })];
const propose = (stampMs: number) =>
  formationOf('orders', { proposer: 'a/i1', stampMs, generation: 0, members: MEMBERS });
const FIRST = { stampMs: 7, promise: propose(7), doubtful: [] };
const SECOND = { stampMs: 7, promise: propose(8), doubtful: [propose(7)] };

function changed(memory: MemoryFiles, change: (text: string) => string): MemoryFiles {
  const files = memory.port();
  const size = files.size(PATH)!;
  const bytes = new Uint8Array(size);
  const file = files.open(PATH, 'reading');
  files.read(file, bytes, 0);
  files.close(file);
  const fresh = files.open(PATH, 'fresh');
  files.write(fresh, Buffer.from(change(Buffer.from(bytes).toString())), 0);
  files.close(fresh);
  return memory;
}

function kept(): MemoryFiles {
  const memory = new MemoryFiles();
  writeRecord(memory.port(), PATH, 'i1', FIRST);
  return memory;
}

describe('the record of promises', () => {
  it('is what was written, and nothing before that', () => {
    const files = new MemoryFiles().port();
    assert.deepEqual(readRecord(files, PATH, 'i1'), NO_RECORD);
    for (const record of [NO_RECORD, FIRST, SECOND]) {
      writeRecord(files, PATH, 'i1', record);
      assert.deepEqual(readRecord(files, PATH, 'i1'), record);
    }
  });

  it('binds no other incarnation', () => {
    assert.deepEqual(readRecord(kept().port(), PATH, 'i2'), NO_RECORD);
  });

  it('is the old one or the new one wherever power fails, and the new one once it is written', () => {
    const found = new Set<number>();
    for (let calls = 0; ; calls += 1) {
      const files = kept();
      const failing = crashingAfter(calls, files.port());
      let done = true;
      try {
        writeRecord(failing, PATH, 'i1', SECOND);
      } catch (error) {
        assert(error instanceof Crash);
        done = false;
      }
      for (const killed of [true, false]) {
        const record = readRecord(files.after(killed).port(), PATH, 'i1');
        assert.deepEqual(record, record.promise?.stampMs === 8 ? SECOND : FIRST);
        if (done) assert.deepEqual(record, SECOND);
        found.add(record.promise!.stampMs);
      }
      if (done) break;
    }
    assert.deepEqual([...found].toSorted(), [7, 8]);
  });

  const damages: readonly (readonly [string, (text: string) => string, string])[] = [
    ['one character', (text) => text.replace('z1', 'z2'), 'checksum'],
    ['another layout', (text) => text.replace('"format": 1', '"format": 2'), 'checksum'],
    ['its end', (text) => text.slice(0, -10), 'unreadable'],
    ['everything', () => '', 'unreadable'],
  ];
  for (const [what, change, kind] of damages)
    it(`is damage where it lost or changed ${what}`, () => {
      assert.throws(
        () => readRecord(changed(kept(), change).port(), PATH, 'i1'),
        (error: { damage?: { kind: string } }) => error.damage?.kind === kind,
      );
    });
});
