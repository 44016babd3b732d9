import assert from 'node:assert/strict';
import type { Files } from '../../../../internal/raft/store/files.ts';
import { Mark } from '../../../../internal/raft/store/mark.ts';
import { MemoryFiles } from '../../../support/crash-files.ts';

function afterPutting(files: Files, ...numbers: readonly number[]): number {
  Mark.create(files, '/m');
  const mark = Mark.open(files, '/m');
  for (const number of numbers) mark.put(number);
  mark.close();
  return Mark.read(files, '/m');
}

function spoil(files: Files, position: number): void {
  const file = files.open('/m', 'updating');
  files.write(file, Buffer.from('spoilt'), position);
  files.close(file);
}

describe('the mark of what was reported durable', () => {
  for (const { numbers, says } of [
    { numbers: [], says: 0 },
    { numbers: [1], says: 1 },
    { numbers: [1, 2, 3], says: 3 },
    { numbers: [7, 2 ** 40], says: 2 ** 40 },
  ]) {
    it(`is the last of ${numbers.length} numbers`, () => {
      assert.equal(afterPutting(new MemoryFiles().port(), ...numbers), says);
    });
  }

  it('is the number before where the last one was torn', () => {
    const files = new MemoryFiles().port();
    afterPutting(files, 4, 5, 6);
    spoil(files, 0);
    assert.equal(Mark.read(files, '/m'), 5);
    spoil(files, 4096);
    assert.throws(() => Mark.read(files, '/m'), /neither copy/);
  });

  it('is missed where the file is gone or cut', () => {
    assert.throws(() => Mark.read(new MemoryFiles().port(), '/m'), /the file is missing/);
    const files = new MemoryFiles().port();
    files.close(files.open('/m', 'fresh'));
    assert.throws(() => Mark.read(files, '/m'), /neither copy/);
  });
});
