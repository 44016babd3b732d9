import assert from 'node:assert/strict';
import { formatAddress, parseAddress } from '../../../../internal/raft/address.ts';
import type { Finder, Found } from '../../../../internal/raft/discovery/finder.ts';
import { type Findings, Search } from '../../../../internal/raft/discovery/search.ts';
import { AddressSpace } from '../../../../internal/raft/wire/address-space.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const SELF = parseAddress('10.0.0.1', 'a test', 10_008);

/** Answers from a script: addresses, `down`, or `hangs`. The last one is repeated. */
class ScriptedFinder implements Finder {
  readonly #script: (readonly string[] | 'down' | 'hangs')[];
  asked = 0;
  problems: readonly string[] = [];
  #touched: (() => void) | undefined;

  constructor(...script: (readonly string[] | 'down' | 'hangs')[]) {
    this.#script = script;
  }

  find(): Promise<Found> {
    this.asked += 1;
    const answer = this.#script.length > 1 ? this.#script.shift() : this.#script[0];
    if (answer === 'hangs') return new Promise(() => undefined);
    if (answer === undefined || answer === 'down') return Promise.reject(new Error('service is down'));
    const addresses = answer.map((text) => parseAddress(text, 'a test', 10_008));
    return Promise.resolve({ addresses, problems: this.problems });
  }

  changed(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.#touched = resolve;
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
  }

  touch(): void {
    this.#touched?.();
  }
}

class RegisteringFinder extends ScriptedFinder {
  readonly calls: string[] = [];
  broken = false;

  async register({ host }: { readonly host: string }): Promise<void> {
    this.calls.push(`register ${host}`);
    if (this.broken) throw new Error('no room');
  }

  async release(): Promise<void> {
    this.calls.push('release');
  }
}

function searching(finder: Finder, { random = 0.5, allowed = [] as readonly string[] } = {}) {
  const clock = new FakeClock();
  const found: Findings[] = [];
  const lines: string[] = [];
  const note = (_fields: object, text: string) => void lines.push(text);
  const search = new Search({
    finder,
    settings: { intervalMs: 2000, timeoutMs: 5000 },
    self: SELF,
    allowed: new AddressSpace(allowed),
    clock,
    random: () => random,
    log: { error: note, warn: note, info: note, debug: note },
    onFindings: (findings) => found.push(findings),
  });
  search.start();
  const seen = () =>
    found.map(({ candidates, confirmations }) => [candidates.map(({ host }) => host).join(), confirmations]);
  return { search, clock, found, seen, lines };
}

describe('the search for other nodes', () => {
  it('tells each look-up, and how often the same was found in a row', async () => {
    const { search, clock, seen } = searching(new ScriptedFinder(['a'], ['a'], ['b', 'a'], ['a', 'b']));
    await clock.advance(6000);
    assert.deepEqual(seen(), [
      ['a', 1],
      ['a', 2],
      ['a,b', 1],
      ['a,b', 2],
    ]);
    await search.stop();
  });

  it('takes a failure, an empty answer and a late one for no answer: whoever was known stays known', async () => {
    const { search, clock, seen, found } = searching(new ScriptedFinder(['a'], 'down', [], 'hangs', ['a']));
    await clock.advance(2000 + 2000 + 2000 + 5000 + 2000);
    assert.deepEqual(seen(), [
      ['a', 1],
      ['a', 0],
      ['a', 0],
      ['a', 0],
      ['a', 1],
    ]);
    assert.deepEqual(
      found.map(({ problem }) => problem),
      [undefined, 'service is down', 'nobody was found', 'no end within 5000 ms', undefined],
    );
    await search.stop();
  });

  it('does not count an answer that is not whole as a confirmation', async () => {
    const finder = new ScriptedFinder(['a']);
    const { search, clock, seen } = searching(finder);
    await clock.advance(0);
    finder.problems = ['one of two services is down'];
    await clock.advance(2000);
    finder.problems = [];
    await clock.advance(2000);
    assert.deepEqual(seen(), [
      ['a', 1],
      ['a', 0],
      ['a', 1],
    ]);
    await search.stop();
  });

  for (const [random, pauseMs] of [
    [0, 1500],
    [1, 2500],
  ] as const)
    it(`pauses ${pauseMs} ms at the end of the jitter`, async () => {
      const finder = new ScriptedFinder(['a']);
      const { search, clock } = searching(finder, { random });
      await clock.advance(pauseMs - 1);
      assert.equal(finder.asked, 1);
      await clock.advance(1);
      assert.equal(finder.asked, 2);
      await search.stop();
    });

  it('looks at once when the finder says that something changed, yet not without pause', async () => {
    const finder = new ScriptedFinder(['a']);
    const { search, clock } = searching(finder);
    await clock.advance(200);
    finder.touch();
    await clock.advance(0);
    assert.equal(finder.asked, 2);
    finder.touch();
    await clock.advance(99);
    assert.equal(finder.asked, 2);
    await search.stop();
  });

  it('leaves out what lies outside of the allowed space, and says so', async () => {
    const { search, clock, found } = searching(new ScriptedFinder(['10.0.0.2', '192.168.0.2']), {
      allowed: ['10.0.0.0/8'],
    });
    await clock.advance(0);
    assert.deepEqual(found.at(-1)?.candidates.map(formatAddress), ['10.0.0.2:10008']);
    assert.match(found.at(-1)?.problem ?? '', /outside of RaftAllowedAddressSpace: 192.168.0.2:10008/);
    await search.stop();
  });

  it('registers before it looks, goes on while it rests, and takes it back at the end', async () => {
    const finder = new RegisteringFinder(['a']);
    const { search, clock } = searching(finder);
    await clock.advance(0);
    assert.deepEqual([finder.calls, finder.asked], [['register 10.0.0.1'], 1]);
    search.rest();
    await clock.advance(2000 + 10_000);
    assert.deepEqual([finder.calls.length, finder.asked], [3, 1]);
    search.seek();
    await clock.advance(100);
    assert.deepEqual([finder.calls.length, finder.asked], [4, 2]);
    await search.stop();
    assert.equal(finder.calls.at(-1), 'release');
  });

  it('looks although it could not register, and says so', async () => {
    const finder = new RegisteringFinder(['a']);
    finder.broken = true;
    const { search, clock, found } = searching(finder);
    await clock.advance(0);
    assert.deepEqual(found.at(-1), {
      candidates: [parseAddress('a', 'a test', 10_008)],
      confirmations: 0,
      problem: 'not registered: no room',
    });
    await search.stop();
  });

  it('logs what hinders it once, and when it is over', async () => {
    const { search, clock, lines } = searching(new ScriptedFinder(['a'], 'down', 'down', 'down', ['a']));
    await clock.advance(10_000);
    assert.deepEqual(lines, [
      'found nodes to talk to',
      'looking for other nodes is hindered',
      'looking for other nodes works again',
    ]);
    await search.stop();
  });

  it('ends in the middle of a look-up without telling anything', async () => {
    const { search, clock, found } = searching(new ScriptedFinder('hangs'));
    await clock.advance(100);
    await search.stop();
    assert.deepEqual(found, []);
  });
});
