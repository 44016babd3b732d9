import assert from 'node:assert/strict';
import type { Member } from '../../../../internal/raft/core/types.ts';
import type { Finding } from '../../../../internal/raft/forming/choice.ts';
import { formationOf } from '../../../../internal/raft/forming/formation.ts';
import type { Forming } from '../../../../internal/raft/forming/forming.ts';
import type {
  ClaimAnswer,
  Formation,
  FormingEffects,
  FormingInput,
  FormingMessage,
} from '../../../../internal/raft/forming/types.ts';
import { aForming, aFounder, formingSettings } from '../../../support/forming.ts';

const HAIL_MS = 500;

/** One node is real; the others are what is said to it. */
class Scene {
  readonly self: Member;
  readonly #node: Forming;
  readonly #expect: number;
  #nowMs = 0;

  constructor(self: string, finding: Partial<Finding> = {}, changes: Partial<Member> = {}) {
    this.self = aFounder(self, changes);
    const whole = { expect: 3, anchored: false, alone: false, ...finding };
    this.#expect = whole.expect;
    this.#node = aForming({ ...formingSettings(this.self, []), finding: whole });
  }

  step(input: FormingInput): FormingEffects {
    return this.#node.step({ nowMs: this.#nowMs, wallMs: this.#nowMs }, input);
  }

  /** Time passes; this node calls on the others. */
  tick(hails = 1): FormingEffects {
    this.#nowMs += hails * HAIL_MS;
    return this.step({ kind: 'tick' });
  }

  find(addresses: readonly string[], aloneTimes = 0): FormingEffects {
    return this.step({ kind: 'candidates', candidates: { addresses, aloneTimes, problem: undefined } });
  }

  hear(node: string, message: FormingMessage): FormingEffects {
    const { id, address } = aFounder(node);
    return this.step({ kind: 'message', from: { member: id, node, address }, message });
  }

  hails(
    node: string,
    { expect = this.#expect, bond, promote = true }: { expect?: number; bond?: Formation; promote?: boolean } = {},
  ) {
    const bound = bond && { formation: bond.id, proposer: bond.proposer, stampMs: bond.stampMs };
    const member = aFounder(node, { promote });
    return this.hear(node, { kind: 'hail', member, founders: [], expect, generation: 0, bond: bound });
  }

  answer(formation: string, answer: ClaimAnswer): FormingEffects {
    return this.step({ kind: 'claimed', formation, answer });
  }

  get outcome() {
    return this.#node.outcome(this.#nowMs);
  }

  get why(): string {
    const { outcome } = this;
    return outcome.kind === 'formed' ? 'formed' : outcome.why;
  }
}

function formation(stampMs: number, ...nodes: readonly string[]): Formation {
  const [first = ''] = nodes;
  const members = nodes.map((node) => aFounder(node));
  return formationOf('orders', { proposer: aFounder(first).id, stampMs, generation: 0, members });
}

function said({ send }: FormingEffects): readonly string[] {
  return send.map(({ address, message }) => `${address} ${message.kind}`).toSorted();
}

/** What a proposer has promised to itself by a step. */
function proposed({ record }: FormingEffects): Formation {
  assert(record?.promise !== undefined);
  return record.promise;
}

describe('nodes that find each other', () => {
  it('call on whoever was found, on whoever called, and on those whose decision they wait for', () => {
    const scene = new Scene('b');
    scene.find(['x', 'y', 'b']);
    scene.hails('z');
    assert.deepEqual(said(scene.tick()), ['x hail', 'y hail', 'z hail']);
    scene.hear('a', { kind: 'propose', formation: formation(5, 'a', 'b', 'c') });
    scene.find([]);
    assert.deepEqual(said(scene.tick(20)), ['a hail', 'c hail']);
  });

  it('found a group when exactly as many as expected have promised', () => {
    const scene = new Scene('a');
    scene.hails('b');
    assert.match(scene.why, /^sees 2 of 3 founders \(a, b\)/);
    const effects = scene.hails('c');
    assert.deepEqual(said(effects), ['b propose', 'c propose']);
    const { id } = proposed(effects);
    scene.hear('b', { kind: 'promise', formation: id });
    assert.match(scene.why, /^waits for the promise of c/);
    assert.equal(scene.hear('c', { kind: 'promise', formation: id }).identity?.clusterId, id);
  });

  it('promise what they would not have chosen, as long as it has the right number and is proposed by its lowest', () => {
    const scene = new Scene('b');
    scene.hails('c');
    scene.hails('d');
    for (const [wrong, from] of [
      [formation(5, 'a', 'b'), 'a'],
      [formation(5, 'a', 'b', 'c', 'd'), 'a'],
      [formation(5, 'a', 'c', 'd'), 'a'],
      [formationOf('orders', { ...formation(5, 'a', 'b', 'c'), proposer: aFounder('c').id }), 'c'],
    ] as const)
      assert.deepEqual(said(scene.hear(from, { kind: 'propose', formation: wrong })), []);
    const effects = scene.hear('a', { kind: 'propose', formation: formation(5, 'a', 'b', 'x') });
    assert.deepEqual(said(effects), ['a promise']);
  });

  it('found nothing while somebody states another number, and say so', () => {
    const scene = new Scene('a');
    scene.hails('b');
    scene.hails('d', { expect: 5 });
    assert.deepEqual(said(scene.hails('c')), []);
    assert.match(
      scene.why,
      /^d founds with any 5 that find each other, this node with any 3 that find each other: make/,
    );
    scene.tick(11);
    scene.hails('b');
    assert.deepEqual(said(scene.hails('c')), ['b propose', 'c propose'], 'it was not heard again');
  });

  it('found nothing with nodes of a list', () => {
    const scene = new Scene('a');
    scene.hails('b', { expect: 0 });
    assert.match(scene.why, /^b founds with those of a list, this node with any 3/);
  });

  it('leave out who does not wish to vote, and found nothing themselves then', () => {
    const scene = new Scene('a');
    scene.hails('b');
    scene.hails('c', { promote: false, expect: 0 });
    assert.match(scene.why, /^sees 2 of 3 founders \(a, b\)/);
    const reader = new Scene('a', { expect: 0 }, { promote: false });
    reader.hails('b', { expect: 3 });
    assert.match(reader.why, /^does not vote, so that it founds nothing/);
  });

  it('give up their own proposal for that of a lower one, and set those free who had promised it', () => {
    const scene = new Scene('b');
    scene.hails('c');
    const own = proposed(scene.hails('d'));
    const lower = formation(5, 'a', 'b', 'c');
    const effects = scene.hear('a', { kind: 'propose', formation: lower });
    assert.equal(effects.record?.promise?.id, lower.id);
    assert.deepEqual(said(scene.hails('c', { bond: own })), ['c abort']);
  });

  it('give it up, too, where a lower one is there and a founder is bound elsewhere', () => {
    const scene = new Scene('b');
    scene.hails('c');
    const own = proposed(scene.hails('d'));
    scene.hails('a');
    assert.equal(scene.tick().record, undefined, 'its founders may still promise');
    const effects = scene.hails('c', { bond: formation(5, 'a', 'c', 'd') });
    assert.equal(effects.record?.promise, undefined);
    assert.notEqual(effects.record, undefined);
    assert.deepEqual(said(scene.hails('d', { bond: own })), ['d abort']);
  });

  it('set those free who are bound to what the proposer gave up before it was founded otherwise', () => {
    const scene = new Scene('b');
    scene.hails('c');
    const own = proposed(scene.hails('d'));
    const lower = formation(5, 'a', 'b', 'c');
    scene.hear('a', { kind: 'propose', formation: lower });
    scene.hear('a', { kind: 'formed', clusterId: lower.id, generation: 0 });
    assert.deepEqual(said(scene.hails('d', { bond: own })), ['d abort', 'd formed']);
  });

  it('put somebody else in the place of a founder that fell silent', () => {
    const scene = new Scene('a');
    scene.hails('b');
    const first = proposed(scene.hails('c'));
    scene.tick(8);
    scene.hails('b');
    scene.hails('d');
    const second = proposed(scene.tick(8));
    assert.deepEqual(
      second.members.map(({ node }) => node),
      ['a', 'b', 'd'],
    );
    assert(second.stampMs > first.stampMs);
  });

  it('decide nothing while enough for two groups are there', () => {
    const scene = new Scene('a', { expect: 2 });
    const { id } = proposed(scene.hails('b'));
    scene.hails('c');
    scene.hails('d');
    assert.equal(scene.hear('b', { kind: 'promise', formation: id }).identity, undefined);
    assert.match(scene.why, /^4 nodes would each found a group of 2/);
    scene.tick(8);
    scene.hails('b');
    assert.equal(scene.tick(3).identity?.clusterId, id, 'they have gone');
  });

  describe('alone', () => {
    const one = { expect: 1 };

    it('found a group once nobody else was found three times in a row', () => {
      const scene = new Scene('a', one);
      assert.equal(scene.find([], 2).identity, undefined);
      assert.match(scene.why, /^makes sure that nobody else is there \(2 of 3 times\)/);
      assert.notEqual(scene.find([], 3).identity, undefined);
    });

    it('do not where somebody else was found, whoever that is', () => {
      const scene = new Scene('a', one);
      scene.find(['b'], 0);
      assert.equal(scene.tick(100).identity, undefined);
    });

    it('found it at once where they were told to, unless somebody else would too', () => {
      assert.notEqual(new Scene('a', { expect: 1, alone: true }).tick().identity, undefined);
    });

    it('never where more are expected', () => {
      const scene = new Scene('a', { expect: 3, alone: true });
      scene.find([], 100);
      assert.equal(scene.tick(100).identity, undefined);
    });
  });

  describe('with a record that says which group has the name', () => {
    function promised(): { readonly scene: Scene; readonly id: string; readonly last: FormingEffects } {
      const scene = new Scene('a', { expect: 2, anchored: true });
      const { id } = proposed(scene.hails('b'));
      return { scene, id, last: scene.hear('b', { kind: 'promise', formation: id }) };
    }

    it('decide once it is theirs', () => {
      const { scene, id, last } = promised();
      assert.deepEqual([last.claim, last.identity], [id, undefined]);
      assert.equal(scene.answer('another', { kind: 'ours' }).identity, undefined);
      assert.equal(scene.answer(id, { kind: 'ours' }).identity?.clusterId, id);
    });

    it('ask again with each call as long as nobody knows', () => {
      const { scene, id } = promised();
      scene.answer(id, { kind: 'unknown', why: 'no answer' });
      assert.match(scene.why, /the record of the group's name is not to be had: no answer/);
      scene.tick();
      scene.hails('b');
      assert.equal(scene.tick().claim ?? id, id);
      assert.equal(scene.outcome.kind, 'waiting');
    });

    it('found nothing where another group has it, and say what to delete (F-23)', () => {
      const { scene, id } = promised();
      assert.equal(scene.answer(id, { kind: 'taken', by: 'g0', where: 'the Lease orders' }).identity, undefined);
      assert.match(scene.why, /^group g0 had this name and is not to be seen: .* delete the Lease orders;/);
      const asked = [scene.tick(), scene.hails('b')].flatMap(({ claim }) => claim ?? []);
      assert.deepEqual(asked, [id], 'it may be deleted at any time');
      assert.equal(scene.answer(id, { kind: 'ours' }).identity?.clusterId, id);
    });

    it('found one group of all that are there', () => {
      const scene = new Scene('a', { expect: 2, anchored: true });
      scene.hails('b');
      scene.hails('c');
      scene.hails('d');
      assert.match(scene.why, /^waits for the promise of b/);
    });
  });
});
