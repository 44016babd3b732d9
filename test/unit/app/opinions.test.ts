import assert from 'node:assert/strict';
import { MessageChannel } from 'node:worker_threads';
import { look } from '../../../internal/app/look.ts';
import { Opinions } from '../../../internal/app/opinions.ts';
import type { Opinion } from '../../../internal/recovery/second-opinion.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { OrchestratorError } from '../../../internal/runtime/errors.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import type { Instance } from '../../../internal/topology/instance.ts';
import { type InstanceKey, keyText } from '../../../internal/topology/instance-key.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const key = { hostname: 'db1', port: 3306 };
const TIMEOUT_MS = 800;

/** Nodes that hear each other at once, except for those that are cut off. */
function nodesOf(
  opinions: Readonly<Record<string, Opinion | Error>>,
  cut: readonly string[] = [],
  silent: readonly string[] = [],
) {
  const clock = new FakeClock();
  const asked: string[] = [];
  const nodes = new Map<string, Opinions>();
  for (const [name, opinion] of Object.entries(opinions)) {
    const port = {
      peers: () => Object.keys(opinions).filter((other) => other !== name),
      isSilent: (other: string) => silent.includes(other),
      send: (to: string, bytes: Uint8Array) => {
        if (!cut.includes(to)) queueMicrotask(() => nodes.get(to)?.hear(name, bytes));
      },
    };
    const looks = async (of: InstanceKey, timeoutMs: number) => {
      asked.push(`${name} ${keyText(of)} ${timeoutMs}`);
      if (opinion instanceof Error) throw opinion;
      return opinion;
    };
    nodes.set(name, new Opinions({ port, look: looks, clock, log: silentLog, settings: { timeoutMs: TIMEOUT_MS } }, 1));
  }
  const [first] = nodes.values();
  assert.ok(first);
  return { first, nodes, clock, asked };
}

describe('asking the other nodes for their opinion', () => {
  it('is over as soon as all have answered', async () => {
    const { first, asked } = nodesOf({ n1: 'unseen', n2: 'unseen', n3: 'readOnly' });
    assert.deepEqual(await first.ask(key), [
      { node: 'n2', opinion: 'unseen' },
      { node: 'n3', opinion: 'readOnly' },
    ]);
    assert.deepEqual(asked, ['n2 db1:3306 600', 'n3 db1:3306 600']);
  });

  it('counts what came while the process was held up', async () => {
    const timeoutMs = 30;
    const { port1, port2 } = new MessageChannel();
    const port = {
      peers: () => ['n2'],
      isSilent: () => false,
      send: (_: string, bytes: Uint8Array) => {
        const { id } = JSON.parse(Buffer.from(bytes).toString());
        port2.postMessage(Buffer.from(JSON.stringify({ kind: 'say', id, opinion: 'writable' })));
      },
    };
    const looks = async () => assert.fail('nobody asks');
    const first = new Opinions({ port, look: looks, clock: systemClock, log: silentLog, settings: { timeoutMs } }, 1);
    port1.on('message', (bytes) => first.hear('n2', bytes));
    try {
      const answer = first.ask(key);
      const end = performance.now() + 2 * timeoutMs;
      while (performance.now() < end); // whatever keeps it busy
      assert.deepEqual(await answer, [{ node: 'n2', opinion: 'writable' }]);
    } finally {
      port1.close();
    }
  });

  it('is over at the first that sees it take writes', async () => {
    const { first } = nodesOf({ n1: 'unseen', n2: 'writable', n3: 'unseen' }, ['n3']);
    assert.deepEqual(await first.ask(key), [
      { node: 'n2', opinion: 'writable' },
      { node: 'n3', opinion: 'silent' },
    ]);
  });

  it('does not wait for one that was silent before', async () => {
    const { first } = nodesOf({ n1: 'unseen', n2: 'unseen', n3: 'unseen' }, ['n3'], ['n3']);
    assert.deepEqual(await first.ask(key), [
      { node: 'n2', opinion: 'unseen' },
      { node: 'n3', opinion: 'silent' },
    ]);
  });

  it('hears one that was silent before and answers in time', async () => {
    const { first } = nodesOf({ n1: 'unseen', n2: 'writable', n3: 'unseen' }, ['n3'], ['n2']);
    assert.deepEqual(await first.ask(key), [
      { node: 'n2', opinion: 'writable' },
      { node: 'n3', opinion: 'silent' },
    ]);
  });

  for (const [title, opinions, cut] of [
    ['one that is cut off', { n1: 'unseen', n2: 'unseen', n3: 'unseen' }, ['n3']],
    ['one that fails to look', { n1: 'unseen', n2: 'unseen', n3: new Error('x') }, []],
  ] as const) {
    it(`waits for ${title} until the time is up, and then goes without`, async () => {
      const { first, clock } = nodesOf(opinions, cut);
      let over = false;
      const views = first.ask(key).finally(() => {
        over = true;
      });
      await clock.advance(TIMEOUT_MS - 1);
      assert.equal(over, false);
      await clock.advance(1);
      assert.deepEqual(await views, [
        { node: 'n2', opinion: 'unseen' },
        { node: 'n3', opinion: 'silent' },
      ]);
    });
  }

  it('takes no answer that it did not ask for, twice, late, or from somebody else', async () => {
    const { first, clock } = nodesOf({ n1: 'unseen', n2: 'unseen', n3: 'unseen' }, ['n2', 'n3']);
    const say = (from: string, id: unknown, opinion: unknown) =>
      first.hear(from, Buffer.from(JSON.stringify({ kind: 'say', id, opinion })));
    const views = first.ask(key);
    say('n9', 1, 'writable');
    say('n2', 2, 'writable');
    say('n2', 1, 'alive');
    say('n2', 1, 'unseen');
    say('n2', 1, 'writable');
    await clock.advance(TIMEOUT_MS);
    say('n3', 1, 'writable');
    assert.deepEqual(await views, [
      { node: 'n2', opinion: 'unseen' },
      { node: 'n3', opinion: 'silent' },
    ]);
  });

  for (const [title, text] of [
    ['no JSON', '{'],
    ['null', 'null'],
    ['another kind', '{"kind":"do","id":1}'],
    ['no id', '{"kind":"ask","key":{"hostname":"a","port":1},"withinMs":1}'],
    ['no server', '{"kind":"ask","id":1,"key":{"hostname":"","port":1},"withinMs":1}'],
    ['no port', '{"kind":"ask","id":1,"key":{"hostname":"a","port":"1"},"withinMs":1}'],
    ['no time', '{"kind":"ask","id":1,"key":{"hostname":"a","port":1},"withinMs":0}'],
    ['far too much', JSON.stringify({ kind: 'ask', id: 1, key, withinMs: 1, more: 'x'.repeat(5_000) })],
  ] as const) {
    it(`leaves what cannot be read: ${title}`, async () => {
      const { first, asked } = nodesOf({ n1: 'unseen' });
      first.hear('n2', Buffer.from(text));
      await Promise.resolve();
      assert.deepEqual(asked, []);
    });
  }
});

const alive = (readOnly: boolean) => ({ readOnly }) as Instance;
const failure = (context: Readonly<Record<string, unknown>>) =>
  new OrchestratorError('CONNECT_FAILED', 'x', { context });

describe('the opinion of a node', () => {
  for (const [title, target, other, watched, opinion] of [
    ['sees it take writes', alive(false), failure({}), true, 'writable'],
    ['sees it read-only', alive(true), failure({}), true, 'readOnly'],
    ['is told that nobody listens there', failure({ refused: true }), failure({}), true, 'unseen'],
    ['reaches others, not it', failure({}), alive(true), true, 'unseen'],
    ['reaches nobody', failure({}), failure({}), true, 'cannotTell'],
    ['is let in by nobody else and refused by it', failure({ errno: 1040 }), alive(true), true, 'cannotTell'],
    ['does not watch it', alive(false), alive(true), false, 'cannotTell'],
  ] as const) {
    it(`that ${title}: ${opinion}`, async () => {
      const said = await look(key, 100, {
        isWatched: () => watched,
        others: () => [key, { hostname: 'db2', port: 3306 }],
        probe: async ({ hostname }) => {
          const found = hostname === 'db1' ? target : other;
          if (found instanceof OrchestratorError) throw found;
          return found;
        },
      });
      assert.equal(said, opinion);
    });
  }
});
