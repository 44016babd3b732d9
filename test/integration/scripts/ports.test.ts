import assert from 'node:assert/strict';
import { freePorts } from '../../../scripts/sandbox/ports.ts';

describe('free ports', () => {
  it('are all different, also where several ask at the same time', async () => {
    const found = await Promise.all(Array.from({ length: 8 }, () => freePorts(3)));
    assert.equal(new Set(found.flat()).size, 24);
  });
});
