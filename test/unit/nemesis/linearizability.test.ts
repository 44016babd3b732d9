import assert from 'node:assert/strict';
import {
  type Action,
  checkHistory,
  describeVerdict,
  type Operation,
  type Value,
} from '../../nemesis/linearizability.ts';
import { SeededRandom } from '../../sim/random.ts';

type Write = Extract<Action, { kind: 'write' }>;

const read = (seen: Value): Action => ({ kind: 'read', seen });
const write = (value: Value): Action => ({ kind: 'write', value });
const set = (expected: Value, value: string, swapped = true): Action => ({
  kind: 'compare-and-set',
  expected,
  value,
  swapped,
});

const op = (
  calledMs: number,
  answeredMs: number,
  action: Action,
  outcome: Operation['outcome'] = 'ok',
  register = 'r',
): Operation => ({ register, client: `c${calledMs}`, action, calledMs, answeredMs, outcome });

const GOOD: Readonly<Record<string, readonly Operation[]>> = {
  'nothing happened': [],
  'a write and then a read of it': [op(0, 1, write('a')), op(2, 3, read('a'))],
  'a read during a write sees the old or the new': [
    op(0, 10, write('a')),
    op(1, 2, read(undefined)),
    op(3, 4, read('a')),
  ],
  'operations that touch may stand in either order': [op(0, 5, write('a')), op(5, 6, read(undefined))],
  'two writes at once, seen in the order of the later answer': [
    op(0, 10, write('a')),
    op(0, 9, write('b')),
    op(11, 12, read('a')),
  ],
  'an unknown write takes effect long afterwards': [
    op(0, 1, write('a')),
    op(2, 3, write('b'), 'unknown'),
    op(10, 11, read('a')),
    op(20, 21, read('b')),
  ],
  'an unknown write never takes effect': [op(0, 1, write('a')), op(2, 3, write('b'), 'unknown'), op(10, 11, read('a'))],
  'of a read without an answer nothing is asked': [op(0, 1, write('a')), op(2, 3, read('x'), 'unknown')],
  'a failed write is not seen': [op(0, 1, write('a')), op(2, 3, write('b'), 'fail'), op(4, 5, read('a'))],
  'one of two setters wins': [
    op(0, 1, write('a')),
    op(2, 9, set('a', 'b')),
    op(2, 9, set('a', 'c', false)),
    op(10, 11, read('b')),
  ],
  'a lock is taken, refused, let go and taken again': [
    op(0, 1, set(undefined, 'a')),
    op(2, 3, set(undefined, 'b', false)),
    op(4, 5, write(undefined)),
    op(6, 7, set(undefined, 'c')),
    op(8, 9, read('c')),
  ],
  'an unknown release explains that a lock was granted': [
    op(0, 1, set(undefined, 'a')),
    op(2, 3, write(undefined), 'unknown'),
    op(4, 5, set(undefined, 'b')),
  ],
  'an unknown setter explains a refusal': [
    op(0, 1, write('a')),
    op(2, 3, set('a', 'b'), 'unknown'),
    op(4, 5, set('a', 'c', false)),
  ],
  'registers do not know of each other': [op(0, 1, write('a'), 'ok', 'x'), op(2, 3, read(undefined), 'ok', 'y')],
};

const BAD: Readonly<Record<string, readonly Operation[]>> = {
  'a read of what nobody wrote': [op(0, 1, read('a'))],
  'a read before the write': [op(0, 1, read('a')), op(2, 3, write('a'))],
  'an acknowledged write is lost': [op(0, 1, write('a')), op(2, 3, read(undefined))],
  'a stale read': [op(0, 1, write('a')), op(2, 3, write('b')), op(4, 5, read('a'))],
  'time runs backwards between two reads': [
    op(0, 1, write('a')),
    op(2, 20, write('b')),
    op(3, 4, read('b')),
    op(5, 6, read('a')),
  ],
  'a failed write is seen': [op(0, 1, write('a'), 'fail'), op(2, 3, read('a'))],
  'an unknown write is seen, and then it is not': [
    op(0, 1, write('a')),
    op(2, 3, write('b'), 'unknown'),
    op(4, 5, read('b')),
    op(6, 7, read('a')),
  ],
  'two setters win': [op(0, 1, write('a')), op(2, 9, set('a', 'b')), op(2, 9, set('a', 'c'))],
  'a setter is refused though the value was there': [op(0, 1, write('a')), op(2, 3, set('a', 'b', false))],
  'a setter wins with a value that was gone': [op(0, 1, write('a')), op(2, 3, write('b')), op(4, 5, set('a', 'c'))],
  'a lock is granted to two': [op(0, 1, set(undefined, 'a')), op(2, 3, set(undefined, 'b'))],
  'a lock that was let go is held': [op(0, 1, set(undefined, 'a')), op(2, 3, write(undefined)), op(4, 5, read('a'))],
  'one register of several': [op(0, 1, write('a'), 'ok', 'x'), op(2, 3, read('z'), 'ok', 'y')],
};

/** A register that is one, and clients that meet it at a random moment between call and answer. */
function honestHistory(seed: number, operations: number, clients: number): Operation[] {
  const random = new SeededRandom(seed);
  const free = Array.from({ length: clients }, () => 0);
  const planned = Array.from({ length: operations }, (_, id) => {
    const client = random.whole(0, clients - 1);
    const calledMs = free[client]! + random.between(0.1, 3);
    const answeredMs = calledMs + random.between(0.1, 6);
    free[client] = answeredMs;
    return { id, client: `c${client}`, calledMs, answeredMs, metMs: random.between(calledMs, answeredMs) };
  });
  let held: Value;
  const written: Value[] = [undefined];
  return planned
    .sort((a, b) => a.metMs - b.metMs)
    .map(({ id, client, calledMs, answeredMs }) => {
      const kind = random.pick(['read', 'read', 'write', 'compare-and-set'] as const);
      const lost = random.chance(0.1);
      const happens = !lost || random.chance(0.5);
      const value = `v${id}`;
      let action: Action = read(held);
      if (kind === 'write') action = write(value);
      if (kind === 'compare-and-set') {
        const expected = random.chance(0.5) ? held : random.pick(written.slice(-3));
        action = set(expected, value, expected === held);
      }
      if (kind === 'write' && random.chance(0.3)) {
        action = write(undefined);
        if (happens) held = undefined;
      } else if (happens && (kind === 'write' || (action.kind === 'compare-and-set' && action.swapped))) {
        held = value;
        written.push(value);
      }
      return { register: 'r', client, action, calledMs, answeredMs, outcome: lost ? 'unknown' : 'ok' };
    });
}

/** The slow and obvious second opinion: every order, and every choice of what of the unknown took effect. */
function obviouslyLinearizable(history: readonly Operation[]): boolean {
  const counted = history.filter(
    ({ outcome, action }) => outcome === 'ok' || (outcome === 'unknown' && action.kind !== 'read'),
  );
  const tryNext = (left: readonly Operation[], held: Value): boolean => {
    if (left.every(({ outcome }) => outcome === 'unknown')) return true;
    const firstAnswer = Math.min(...left.filter(({ outcome }) => outcome === 'ok').map(({ answeredMs }) => answeredMs));
    return left.some((next) => {
      if (next.calledMs > firstAnswer) return false;
      const rest = left.filter((one) => one !== next);
      const { action, outcome } = next;
      if (action.kind === 'read') return action.seen === held && tryNext(rest, held);
      if (action.kind === 'write') return tryNext(rest, action.value);
      const swaps = action.expected === held;
      if (outcome === 'ok' && swaps !== action.swapped) return false;
      return tryNext(rest, swaps ? action.value : held);
    });
  };
  return tryNext(counted, undefined);
}

/** One change to what was answered, or when. Not every one makes a history wrong. */
function mutated(history: readonly Operation[], random: SeededRandom): readonly Operation[] {
  const at = random.whole(0, history.length - 1);
  const one = history[at]!;
  const values = history.flatMap(({ action }) => (action.kind === 'read' ? [] : [action.value]));
  const change = random.pick(['answer', 'outcome', 'earlier', 'drop'] as const);
  if (change === 'drop') return history.filter((_, index) => index !== at);
  const altered: Operation =
    change === 'earlier'
      ? { ...one, calledMs: one.calledMs - 20, answeredMs: one.calledMs - 19 }
      : change === 'outcome'
        ? { ...one, outcome: one.outcome === 'ok' ? 'fail' : 'ok' }
        : one.action.kind === 'read'
          ? { ...one, action: read(random.pick([undefined, ...values])) }
          : one.action.kind === 'compare-and-set'
            ? { ...one, action: { ...one.action, swapped: !one.action.swapped } }
            : { ...one, action: write('something else') };
  return history.map((operation, index) => (index === at ? altered : operation));
}

describe('the check for linearizability', () => {
  for (const [name, history] of Object.entries(GOOD))
    it(`takes: ${name}`, () => assert.equal(describeVerdict(checkHistory(history)), 'linearizable'));

  for (const [name, history] of Object.entries(BAD))
    it(`refuses: ${name}`, () => assert.equal(checkHistory(history).kind, 'violation'));

  it('says up to where there was an explanation, and what has none', () => {
    const verdict = checkHistory(BAD['a stale read']!);
    assert.equal(
      describeVerdict(verdict),
      'register r: no order explains the last of these\n' +
        '0.0..1.0 c0 writes a (ok)\n2.0..3.0 c2 writes b (ok)\n4.0..5.0 c4 reads a (ok)',
    );
  });

  it('agrees with a search through every order, on 1,000 short histories and a mutant of each', () => {
    let refused = 0;
    for (let seed = 1; seed <= 1_000; seed += 1) {
      const random = new SeededRandom(seed);
      const honest = honestHistory(seed, random.whole(2, 7), random.whole(1, 4));
      for (const history of [honest, mutated(honest, random)]) {
        const expected = obviouslyLinearizable(history);
        assert.equal(checkHistory(history).kind === 'linearizable', expected, `seed ${seed}`);
        if (!expected) refused += 1;
      }
      assert.ok(obviouslyLinearizable(honest), `seed ${seed}: the history was made by one register`);
    }
    assert.ok(refused > 300, `only ${refused} mutants were wrong`);
  });

  it('decides histories of 600 operations by 8 clients, and finds one wrong answer in them', () => {
    for (let seed = 1; seed <= 3; seed += 1) {
      const history = honestHistory(seed, 600, 8);
      assert.equal(describeVerdict(checkHistory(history)), 'linearizable', `seed ${seed}`);
      const late = history.findLastIndex(({ action, outcome }) => action.kind === 'read' && outcome === 'ok');
      const first = history.find(({ action, outcome }) => action.kind === 'write' && outcome === 'ok')!.action as Write;
      const stale = history.map((one, at) => (at === late ? { ...one, action: read(first.value ?? 'none') } : one));
      assert.equal(checkHistory(stale).kind, 'violation', `seed ${seed}`);
    }
  });

  it('gives up aloud where there are too many possibilities', () => {
    const history = [
      ...Array.from({ length: 24 }, (_, at) => op(0, 1_000, write(`v${at}`))),
      ...Array.from({ length: 24 }, (_, at) => op(0, 1_000, set(`v${at}`, `w${at}`, false))),
      op(2_000, 2_001, read('never written')),
    ];
    assert.deepEqual(checkHistory(history, 50), { kind: 'undecided', register: 'r' });
  });
});
