import assert from 'node:assert/strict';
import type { RaftCore } from '../../../../internal/raft/core/core.ts';
import type { Effects } from '../../../../internal/raft/core/effects.ts';
import type { Input } from '../../../../internal/raft/core/inputs.ts';
import type { RaftMessage } from '../../../../internal/raft/core/messages.ts';
import { NO_SNAPSHOT } from '../../../../internal/raft/core/types.ts';
import { Driver } from '../../../../internal/raft/node/driver.ts';
import type { Outcome } from '../../../../internal/raft/node/ports.ts';
import { partial } from '../../../support/partial.ts';

const NOTHING: Effects = {
  ...{ stage: [], write: undefined, send: [], apply: [], answers: [], events: [], readSnapshot: [] },
  takeSnapshot: undefined,
};
const ENVELOPE = { from: 'a', to: 'b', term: 1 };
const chunk = (offset: number): RaftMessage => {
  const snapshot = { ...NO_SNAPSHOT, id: 'x', index: 9, term: 1, bytes: 1_000 };
  return { kind: 'snapshotChunk', ...ENVELOPE, snapshot, offset, data: new Uint8Array(1) };
};

/** A node whose core does what the test says, on a disk that has room or not; a turn is taken when the test wants it. */
class Node {
  disk: Outcome = 'full';
  nowMs = 0;
  readonly heard: Input[] = [];
  readonly sent: RaftMessage[] = [];
  readonly driver: Driver;
  readonly #work: (() => void)[] = [];

  constructor(effects: (input: Input) => Partial<Effects>) {
    const step = (_moment: unknown, input: Input) => {
      this.heard.push(input);
      return { ...NOTHING, ...effects(input) };
    };
    const nothing = () => undefined;
    this.driver = new Driver({
      core: partial<RaftCore>({ step }),
      store: { write: () => this.disk, stage: () => this.disk, readChunk: nothing, upkeep: () => 'done' },
      peers: { send: (message) => void this.sent.push(message), follow: nothing },
      host: {
        ...{ stepped: nothing, apply: nothing, answer: nothing, event: nothing, takeSnapshot: nothing },
        ...{ disk: nothing, turned: nothing },
      },
      moment: () => ({ nowMs: this.nowMs, wallMs: 0, random: 0 }),
      soon: (work) => void this.#work.push(work),
      pauseMs: 150,
      fullRetryMs: 250,
      onFatal: (err) => assert.fail(String(err)),
    });
  }

  turn(...inputs: readonly Input[]): void {
    this.nowMs += 50;
    for (const input of inputs) this.driver.take(input);
    for (const work of this.#work.splice(0)) work();
  }
}

const isChunk = (input: Input) => input.kind === 'message' && input.message.kind === 'snapshotChunk';

describe('a node whose disk is full', () => {
  it('keeps no more than so many words that wait for it, the latest ones', () => {
    let matchIndex = 0;
    const node = new Node(({ kind }) => {
      if (kind !== 'tick') return {};
      matchIndex += 1;
      const message: RaftMessage = { kind: 'appendAccepted', ...ENVELOPE, matchIndex };
      const write = {
        ...{ id: 1, hardState: { term: 1, vote: undefined }, install: undefined, truncateFrom: undefined },
        ...{ append: [], compactTo: undefined, removed: false },
      };
      return { send: [{ message, after: 1 }], ...(matchIndex === 1 && { write }) };
    });
    for (let tick = 0; tick < 20_000; tick += 1) node.turn({ kind: 'tick' });
    assert.equal(node.sent.length, 0);
    node.disk = 'durable';
    for (let tick = 0; tick < 10; tick += 1) node.turn({ kind: 'tick' });
    assert.ok(node.sent.length < 5_000, `${node.sent.length} words were kept`);
    assert.ok(node.sent.some((message) => message.kind === 'appendAccepted' && message.matchIndex === 20_000));
  });

  it('takes no further part of a snapshot into memory until there is room, and then goes on', () => {
    const node = new Node((input) => {
      if (input.kind !== 'message' || input.message.kind !== 'snapshotChunk') return {};
      return { stage: [input.message] };
    });
    const arrives = (offset: number) => node.turn({ kind: 'message', message: chunk(offset) });
    arrives(0);
    for (let offset = 1; offset < 100; offset += 1) arrives(offset);
    assert.equal(node.heard.filter(isChunk).length, 1);
    node.disk = 'durable';
    for (let tick = 0; tick < 10; tick += 1) node.turn({ kind: 'tick' });
    arrives(1);
    assert.equal(node.heard.filter(isChunk).length, 2);
  });
});
