import assert from 'node:assert/strict';
import fc from 'fast-check';
import { decode, encode } from '../../../../internal/raft/wire/bytes.ts';
import type { WireFault } from '../../../../internal/raft/wire/fault.ts';
import {
  DiallerHandshake,
  type Established,
  ListenerHandshake,
  type Party,
} from '../../../../internal/raft/wire/handshake.ts';
import { type HandshakeMessage, handshakeMessage } from '../../../../internal/raft/wire/hello.ts';
import type { Seal } from '../../../../internal/raft/wire/seal.ts';
import { anIdentity, aParty, aSecret } from '../../../support/raft-identity.ts';

type Outcome = { readonly established?: Established; readonly fault?: WireFault };
type Tamper = (payload: Uint8Array, message: HandshakeMessage) => Uint8Array;

/** Lets two parties talk until neither has anything to say. `tamper` stands on the way. */
function talk(
  dialler: Party,
  listener: Party,
  { wanted, tamper = (bytes) => bytes }: { wanted?: string; tamper?: Tamper } = {},
) {
  const sides = [new DiallerHandshake(dialler, 'bulk', wanted), new ListenerHandshake(listener)] as const;
  const outcomes: [Outcome, Outcome] = [{}, {}];
  let payload: Uint8Array | undefined = sides[0].start();
  for (let turn = 1; payload !== undefined; turn = 1 - turn) {
    const side = sides[turn === 1 ? 1 : 0];
    const { send, ...outcome } = side.receive(tamper(payload, decode(handshakeMessage, payload)));
    if (outcome.established !== undefined || outcome.fault !== undefined) outcomes[turn === 1 ? 1 : 0] = outcome;
    payload = send;
  }
  return { dialler: outcomes[0], listener: outcomes[1] };
}

const passes = (from: Seal, to: Seal) => to.check([Buffer.from('x')], from.tag([Buffer.from('x')]));
const [A, B] = [aParty('n1'), aParty('n2')];
const as = (node: string, changes: Parameters<typeof anIdentity>[1]) =>
  aParty(node, { identity: anIdentity(node, changes) });
const unproven = { mode: 'none', secrets: [] } as const;

describe('the handshake', () => {
  const accepted: readonly (readonly [title: string, dialler: Party, listener: Party, wanted?: string])[] = [
    ['of two nodes with one secret', A, B],
    ['with the member that was looked for', A, B, 'n2/i1'],
    ['without authentication', aParty('n1', unproven), aParty('n2', unproven)],
    ['under TLS', aParty('n1', { mode: 'tls', secrets: [] }), aParty('n2', { mode: 'tls', secrets: [] })],
    ['of a node without a group', as('n1', { clusterId: '', generation: 0 }), B],
    ['with a node without a group', A, as('n2', { clusterId: '', generation: 0 })],
    ['where one has a new secret besides', aParty('n1', { secrets: [aSecret('new'), aSecret('shared')] }), B],
    ['where the other has', A, aParty('n2', { secrets: [aSecret('new'), aSecret('shared')] })],
    [
      'where both are half way, in either order',
      aParty('n1', { secrets: [aSecret('new'), aSecret('shared')] }),
      aParty('n2', { secrets: [aSecret('shared'), aSecret('new')] }),
    ],
    [
      'where the old secret is gone on one',
      aParty('n1', { secrets: [aSecret('new')] }),
      aParty('n2', { secrets: [aSecret('shared'), aSecret('new')] }),
    ],
  ];
  for (const [title, dialler, listener, wanted] of accepted)
    it(`succeeds ${title}`, () => {
      const ended = talk(dialler, listener, wanted === undefined ? {} : { wanted });
      const [mine, theirs] = [ended.dialler.established, ended.listener.established];
      assert(mine !== undefined && theirs !== undefined, ended.dialler.fault?.message ?? ended.listener.fault?.message);
      assert.deepEqual([mine.peer, theirs.peer], [listener.identity, dialler.identity]);
      assert.deepEqual([mine.lane, theirs.lane, mine.wireVersion, theirs.wireVersion], ['bulk', 'bulk', 1, 1]);
      passes(mine.sealOut, theirs.sealIn);
      passes(theirs.sealOut, mine.sealIn);
      if (dialler.mode === 'secret') assert.throws(() => passes(mine.sealOut, mine.sealIn), { kind: 'forged' });
    });

  const refused: readonly (readonly [title: string, dialler: Party, listener: Party, why: RegExp, wanted?: string])[] =
    [
      ['of another secret', aParty('n1', { secrets: [aSecret('other')] }), B, /the secret is not that of node n2/],
      [
        'of another group by name',
        as('n1', { clusterName: 'users' }),
        B,
        /"orders", .* "users": compare RaftClusterName/,
      ],
      ['of another group by id', as('n1', { clusterId: 'c2' }), B, /group c1, .* group c2/],
      ['of an older generation', A, as('n2', { generation: 2 }), /generation 2, .* of 1: the group was recovered/],
      ['of a newer generation', as('n1', { generation: 3 }), B, /generation 1, .* of 3/],
      ['with itself', A, aParty('n1', { nonce: aSecret('x') }), /node n1 has reached itself/],
      ['at the address of another member', A, B, /at this address is node n2 \(n2\/i1\), not n3\/i1/, 'n3/i1'],
      [
        'of an incarnation that was removed',
        A,
        aParty('n2', { veto: ({ incarnation }) => `${incarnation} is gone` }),
        /i1 is gone/,
      ],
      ['where one proves nothing', aParty('n1', unproven), B, /n2 uses a shared secret, n1 no authentication/],
      ['where the other proves nothing', A, aParty('n2', unproven), /n2 uses no authentication, n1 a shared secret/],
    ];
  for (const [title, dialler, listener, why, wanted] of refused)
    it(`is refused ${title}, and both sides know why`, () => {
      const ended = talk(dialler, listener, wanted === undefined ? {} : { wanted });
      for (const { established, fault } of [ended.dialler, ended.listener]) {
        assert.equal(established, undefined);
        assert.equal(fault?.kind, 'refused');
        assert.match(fault.message, why);
      }
    });

  it('is refused by the dialler too, who tells the listener', () => {
    const ended = talk(aParty('n1', { veto: () => 'I do not want you' }), B);
    assert.match(ended.dialler.fault?.message ?? '', /^we refused: I do not want you/);
    assert.equal(ended.dialler.established, undefined);
    assert.match(ended.listener.fault?.message ?? '', /^the other side refused \(removed\): I do not want you/);
  });

  it('says which releases have no wire version in common', () => {
    const older: Tamper = (payload, message) => {
      if (message.kind !== 'hello') return payload;
      return encode(handshakeMessage, { ...message, versions: { least: 7, most: 9 } });
    };
    const { listener } = talk(aParty('n1', unproven), aParty('n2', unproven), { tamper: older });
    assert.match(listener.fault?.message ?? '', /wire versions 7 to 9 .* and 1 .* have none in common: upgrade/);
  });

  it('fails when anything of the hellos was changed on the way', () => {
    for (const victim of ['n1', 'n2'])
      for (const change of [{ features: 1 }, { lane: 'swift' as const }, { nonce: aSecret('n') }]) {
        const tamper: Tamper = (payload, message) =>
          message.kind === 'hello' && message.identity.node === victim
            ? encode(handshakeMessage, { ...message, ...change })
            : payload;
        const { dialler, listener } = talk(A, B, { tamper });
        assert.equal(dialler.established ?? listener.established, undefined, `${victim} ${Object.keys(change)}`);
      }
  });

  it('takes no proof of an earlier connection, and no proof of its own back', () => {
    const earlier: Uint8Array[] = [];
    const record: Tamper = (payload, { kind }) => {
      if (kind === 'proof') earlier.push(payload);
      return payload;
    };
    talk(A, B, { tamper: record });
    const replay: Tamper = (payload, { kind }) => (kind === 'proof' ? earlier[0]! : payload);
    const again = talk(A, aParty('n2', { nonce: aSecret('another') }), { tamper: replay });
    assert.match(again.listener.fault?.message ?? '', /the secret is not that of/);

    let own: Uint8Array | undefined;
    const stranger = aParty('n2', { secrets: [aSecret('guessed')] });
    const mirror: Tamper = (_payload, message) => {
      if (message.kind === 'proof') own = message.proofs[0];
      if (message.kind !== 'refusal') return _payload;
      return encode(handshakeMessage, { kind: 'welcome', secret: 0, proof: own });
    };
    const mirrored = talk(A, stranger, { tamper: mirror });
    assert.equal(mirrored.dialler.established, undefined);
    assert.match(mirrored.dialler.fault?.message ?? '', /n2 does not know the secret/);
  });

  it('has an order', () => {
    const proof = encode(handshakeMessage, { kind: 'proof', proofs: [] });
    assert.equal(new ListenerHandshake(B).receive(proof).fault?.kind, 'malformed');
    const dialler = new DiallerHandshake(A, 'swift', undefined);
    dialler.start();
    assert.equal(dialler.receive(proof).fault?.kind, 'malformed');
  });

  it('shows nothing of what a stranger writes that could steer a terminal', () => {
    const refusal = encode(handshakeMessage, { kind: 'refusal', code: 'busy', reason: 'a\u001b[2J\nb' });
    const { fault } = new ListenerHandshake(B).receive(refusal);
    assert.equal(fault?.message, 'the other side refused (busy): a?[2J?b');
  });

  it('meets random and changed bytes with a fault and nothing else', () => {
    const hello = new DiallerHandshake(A, 'swift', undefined).start();
    const change = fc.record({ at: fc.nat(hello.length - 1), by: fc.nat(255) });
    const changed = fc.array(change, { maxLength: 5 }).map((changes) => {
      const bytes = Uint8Array.from(hello);
      for (const { at, by } of changes) bytes[at] = by;
      return bytes;
    });
    const check = fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 100 })), (bytes) => {
      const { send, established, fault } = new ListenerHandshake(B).receive(bytes);
      assert.equal(established, undefined);
      assert((send === undefined) !== (fault === undefined) || fault?.kind === 'refused');
    });
    fc.assert(check, { numRuns: 5000, seed: 13 });
  });
});
