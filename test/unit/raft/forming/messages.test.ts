import assert from 'node:assert/strict';
import fc from 'fast-check';
import { formationOf } from '../../../../internal/raft/forming/formation.ts';
import { decodeForming, encodeForming } from '../../../../internal/raft/forming/messages.ts';
import type { Formation, FormingMessage } from '../../../../internal/raft/forming/types.ts';
import { WireFault } from '../../../../internal/raft/wire/fault.ts';
import { aFounder } from '../../../support/forming.ts';

const MEMBERS = [aFounder('a'), aFounder('b', { labels: { zone: 'z1' } })];
const FORMATION = formationOf('orders', { proposer: 'a/i1', stampMs: 7, generation: 0, members: MEMBERS });
const BOND = { formation: FORMATION.id, proposer: 'a/i1', stampMs: 7 };

const MESSAGES: readonly FormingMessage[] = [
  { kind: 'hail', member: MEMBERS[0]!, founders: ['a', 'b'], expect: 0, generation: 0, bond: undefined },
  { kind: 'hail', member: MEMBERS[1]!, founders: ['a', 'b'], expect: 0, generation: 3, bond: BOND },
  { kind: 'propose', formation: FORMATION },
  { kind: 'promise', formation: FORMATION.id },
  { kind: 'abort', formation: FORMATION.id },
  { kind: 'formed', clusterId: FORMATION.id, generation: 2 },
];

const proposal = (change: Partial<Formation>): FormingMessage => ({
  kind: 'propose',
  formation: { ...FORMATION, ...change },
});

describe('what nodes without a group say', () => {
  for (const message of MESSAGES)
    it(`comes out as it went in: ${message.kind}`, () => {
      assert.deepEqual(decodeForming(encodeForming(message)), message);
    });

  const impossible: readonly (readonly [string, FormingMessage, RegExp])[] = [
    ['a proposer who is no founder', proposal({ proposer: 'x/i1' }), /without its proposer/],
    ['the same member twice', proposal({ members: [MEMBERS[0]!, MEMBERS[0]!] }), /out of their order, or twice/],
    ['members out of order', proposal({ members: [...MEMBERS].reverse() }), /out of their order/],
    ['two members on one node', proposal({ members: [MEMBERS[0]!, aFounder('a', { id: 'a/i2' })] }), /one node/],
    ['no members', proposal({ members: [] }), /without its proposer/],
    ['an id that is none', { kind: 'promise', formation: 'ABC' }, /no id of a formation/],
    ['a group without an id', { kind: 'formed', clusterId: '', generation: 0 }, /without an id/],
  ];
  for (const [title, message, reason] of impossible)
    it(`is refused: ${title}`, () => {
      assert.throws(() => decodeForming(encodeForming(message)), { kind: 'malformed', message: reason });
    });

  it('announces no more than can be there', () => {
    const bytes = encodeForming({ kind: 'propose', formation: { ...FORMATION, members: [] } });
    bytes.writeUInt16BE(0xffff, bytes.length - 2);
    assert.throws(() => decodeForming(bytes), { kind: 'malformed', message: /a list of 65535/ });
  });

  it('is read or refused as malformed, whatever the bytes', () => {
    const mutated = fc
      .tuple(fc.constantFrom(...MESSAGES), fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }), fc.nat())
      .map(([message, changes, cut]) => {
        const bytes = encodeForming(message);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        return bytes.subarray(0, cut % 3 === 0 ? cut % bytes.length : bytes.length);
      });
    const check = fc.property(fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated), (bytes) => {
      let read: FormingMessage;
      try {
        read = decodeForming(bytes);
      } catch (error) {
        assert(error instanceof WireFault && error.kind === 'malformed', String(error));
        return;
      }
      assert.deepEqual(new Uint8Array(encodeForming(read)), new Uint8Array(bytes));
    });
    fc.assert(check, { numRuns: 3000, seed: 3 });
  });
});
