import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { StateCourier } from '../../../internal/app/group/state-courier.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const NEVER = new AbortController().signal;

/** Two nodes and what lies between them. */
function pair(state: (atLeast: number) => Promise<Uint8Array>, arrives: (message: number) => boolean = () => true) {
  const clock = new ManualClock();
  let messages = 0;
  const deps = { pieceBytes: 1_000, clock, state };
  const carry = (to: () => StateCourier, from: string) => (_: string, payload: Uint8Array) => {
    messages += 1;
    if (arrives(messages)) queueMicrotask(() => assert.ok(to().hear(from, payload)));
  };
  const asker: StateCourier = new StateCourier({ ...deps, send: carry(() => giver, 'asker') });
  const giver: StateCourier = new StateCourier({ ...deps, send: carry(() => asker, 'giver') });
  return { clock, asker, sent: () => messages };
}

/** Time goes on until it is settled. */
async function settled<T>(clock: ManualClock, work: Promise<T>): Promise<T> {
  let over = false;
  const end = () => {
    over = true;
  };
  work.then(end, end);
  for (let round = 0; !over && round < 100_000; round += 1) {
    await new Promise((resolve) => setImmediate(resolve));
    if (round % 5 === 4) clock.advance(250);
  }
  return work;
}

describe('the courier of states', () => {
  for (const bytes of [1, 1_000, 12_345])
    it(`brings ${bytes} bytes, whatever is lost on the way`, async () => {
      const state = randomBytes(bytes);
      const { clock, asker } = pair(
        async (atLeast) => (atLeast === 7 ? state : assert.fail()),
        (message) => message % 3 !== 0,
      );
      assert.deepEqual(Buffer.from(await settled(clock, asker.fetch('giver', 7, NEVER))), state);
    });

  it('waits for one that has nothing to give yet', async () => {
    let asked = 0;
    const { clock, asker } = pair(async () => {
      asked += 1;
      if (asked < 3) throw new Error('not applied so far');
      return Buffer.from('state');
    });
    assert.equal(Buffer.from(await settled(clock, asker.fetch('giver', 7, NEVER))).toString(), 'state');
  });

  it('gives up on one that never answers, and when it is told to', async () => {
    const { clock, asker, sent } = pair(
      async () => Buffer.from('state'),
      () => false,
    );
    await assert.rejects(settled(clock, asker.fetch('giver', 7, NEVER)), { code: 'UNAVAILABLE' });
    assert.ok(sent() > 5);
    await assert.rejects(asker.fetch('giver', 7, AbortSignal.abort()));
  });

  it('leaves alone what is about something else, and what makes no sense', () => {
    const { asker } = pair(async () => Buffer.from('state'));
    assert.equal(asker.hear('giver', Buffer.from('{"url":"http://a"}')), false);
    for (const text of ['\0', '\0{', '\0null\n', '\0{"kind":"ask"}\n', '\0{"kind":"piece","id":"a","offset":-1}\n'])
      assert.equal(asker.hear('giver', Buffer.from(text)), true);
  });
});
