import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decodeState, encodeState, type GroupState } from '../../internal/app/group/state-file.ts';
import { STATE_TABLES } from '../../internal/backend/state-tables.ts';

const value = fc.oneof(fc.string(), fc.integer(), fc.constant(null));
const row = fc.dictionary(fc.stringMatching(/^[a-z_]{1,12}$/), value);
const state: fc.Arbitrary<GroupState> = fc
  .tuple(
    fc.array(fc.array(row, { maxLength: 4 }), { minLength: STATE_TABLES.length, maxLength: STATE_TABLES.length }),
    fc.array(fc.record({ hostname: fc.string(), port: fc.nat(65_535) })),
  )
  .map(([lists, servers]) => ({ tables: new Map(STATE_TABLES.map((table, at) => [table, lists[at] ?? []])), servers }));

async function bytesOf(one: GroupState): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  for await (const piece of encodeState(one)) pieces.push(piece);
  return Buffer.concat(pieces);
}

async function* inPieces(bytes: Buffer, size: number): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

const plain = ({ tables, servers }: GroupState) =>
  JSON.stringify([[...tables].map(([{ name }, rows]) => [name, rows]), servers]);

describe('the bytes of a snapshot of the group', () => {
  it('bring back what went in, however they arrive', async () => {
    const returns = fc.asyncProperty(state, fc.integer({ min: 1, max: 5_000 }), async (one, size) => {
      assert.equal(plain(await decodeState(inPieces(await bytesOf(one), size))), plain(one));
    });
    await fc.assert(returns, { numRuns: 100, seed: 7 });
  });

  it('are refused when a byte is missing or another one', async () => {
    const refused = { code: 'BACKEND_CORRUPT' };
    const changed = fc.asyncProperty(state, fc.nat(), fc.integer({ min: 1, max: 255 }), async (one, where, by) => {
      const bytes = await bytesOf(one);
      const at = where % (bytes.length - 1); // the line feed at the end says nothing
      const other = Buffer.from(bytes);
      other[at] = (other[at] ?? 0) ^ by;
      await assert.rejects(decodeState(inPieces(other, 4096)), refused);
      await assert.rejects(decodeState(inPieces(bytes.subarray(0, at), 4096)), refused);
    });
    await fc.assert(changed, { numRuns: 200, seed: 11 });
  });

  it('of a later version are refused, and say so', async () => {
    const later = (await bytesOf({ tables: new Map(), servers: [] })).toString().split('\n');
    later[0] = '{"format":2}';
    const { createHash } = await import('node:crypto');
    const body = `${later[0]}\n`;
    const bytes = Buffer.from(
      `${body}${JSON.stringify({ sha256: createHash('sha256').update(body).digest('hex') })}\n`,
    );
    await assert.rejects(decodeState(inPieces(bytes, 10)), /its format is 2/);
  });
});
