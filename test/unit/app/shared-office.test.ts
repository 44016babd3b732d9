import assert from 'node:assert/strict';
import { SharedOffice } from '../../../internal/app/shared/shared-office.ts';
import type { Seat } from '../../../internal/backend/seat.ts';
import type { Command } from '../../../internal/command/command.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { ManualClock } from '../../support/manual-clock.ts';

const KEY = { hostname: 'db', port: 3306 };
const WISH: Command = { op: 'forget', key: KEY };
const BEGIN: Command = { op: 'begin-call', id: 'call', request: 'what', attempt: 'mine' };
const END: Command = { op: 'end-call', id: 'call', attempt: 'mine', outcome: { status: 200, json: '{}' } };
const DEED: Command = { op: 'end-fence', failed: KEY };

/** Says what the test wants; `silent` keeps everybody waiting. */
class FakeSeat implements Seat {
  free = true;
  epoch = 0;
  answers: 'yes' | 'no' | 'error' | 'silent' = 'yes';

  contend(): Promise<number | undefined> {
    return this.#answered(() => (this.free ? ++this.epoch : undefined));
  }

  hold(epoch: number): Promise<boolean> {
    return this.#answered(() => this.answers === 'yes' && epoch === this.epoch);
  }

  grab(): Promise<number> {
    return this.#answered(() => ++this.epoch);
  }

  async vacate(): Promise<void> {
    this.free = true;
  }

  close(): void {}

  async #answered<T>(answer: () => T): Promise<T> {
    if (this.answers === 'silent') await new Promise(() => {});
    if (this.answers === 'error') throw new Error('gone away');
    return answer();
  }
}

describe('the office among daemons on one backend', () => {
  let clock: ManualClock;
  let seat: FakeSeat;
  let office: SharedOffice;
  let events: string[];
  let prepare: () => Promise<void>;
  let take: () => void;
  let written: boolean;

  beforeEach(() => {
    clock = new ManualClock();
    seat = new FakeSeat();
    events = [];
    prepare = async () => {};
    take = () => void events.push('take');
    written = true;
    office = new SharedOffice({
      seat,
      clock,
      log: silentLog,
      node: 'here',
      wishes: { add: async (text) => void events.push(`wish ${text}`) },
      caughtUp: async () => written,
      apply: ({ op }, { term }) => events.push(`${op} in ${term}`),
      holder: {
        prepare: () => prepare(),
        takeOffice: () => take(),
        leaveOffice: async () => void events.push('leave'),
      },
    });
  });
  afterEach(() => office.stop());

  const lead = async () => {
    office.start();
    await clock.advance(1);
    assert.equal(office.mayAct, true);
  };

  it('is taken when the seat is, once what others wrote was read', async () => {
    let read = () => {};
    prepare = () =>
      new Promise((resolve) => {
        read = resolve;
      });
    office.start();
    await clock.advance(1);
    assert.deepEqual([office.mayAct, events], [false, []]);
    read();
    await clock.advance(1);
    assert.deepEqual([office.mayAct, office.term, events], [true, 1, ['take']]);
  });

  it('is not taken where the backend cannot be read', async () => {
    prepare = async () => {
      throw new Error('gone away');
    };
    office.start();
    await clock.advance(1);
    assert.deepEqual([office.mayAct, office.term, events], [false, 0, ['leave']]);
  });

  it('is given up by a node that cannot take it up, for the others to take, and taken again later', async () => {
    take = () => {
      throw new Error('as the test has it');
    };
    seat.free = false;
    office.start();
    await assert.rejects(office.grab(), { code: 'UNAVAILABLE' });
    await clock.advance(1);
    assert.deepEqual([office.mayAct, office.term, events, seat.free], [false, 0, ['leave'], true]);
    await clock.advance(2_500);
    assert.equal(seat.epoch, 1, 'the others go first');
    take = () => void events.push('take');
    await clock.advance(1_000);
    assert.deepEqual([office.mayAct, office.term, events], [true, 2, ['leave', 'take']]);
  });

  for (const [how, answers] of [
    ['does not answer', 'silent'],
    ['fails', 'error'],
  ] as const) {
    it(`outlives a backend that ${how} for less than four seconds, and not for longer`, async () => {
      await lead();
      await clock.advance(1_000);
      seat.answers = answers;
      await clock.advance(3_000);
      assert.equal(office.mayAct, true);
      await clock.advance(1_100);
      assert.deepEqual([office.mayAct, events], [false, ['take', 'leave']]);
    });
  }

  it('is lost at the first refresh that finds another one there', async () => {
    await lead();
    seat.answers = 'no';
    seat.free = false;
    await clock.advance(1_500);
    assert.deepEqual([office.mayAct, office.term, events], [false, 0, ['take', 'leave']]);
  });

  it('asks the database before anything is done to servers', async () => {
    await lead();
    await office.decide(DEED);
    seat.answers = 'error';
    await assert.rejects(office.decide(DEED), /does not say whether this node leads/);
    seat.answers = 'no';
    await assert.rejects(office.decide(DEED), /another node leads/);
    assert.deepEqual(events, ['take', 'end-fence in 1', 'leave']);
    await assert.rejects(office.confirm(), /another node leads/);
  });

  it('lets a wish take effect in the rows where this node does not lead, and tells the one that does', async () => {
    seat.free = false;
    office.start();
    await clock.advance(1);
    await office.decide(WISH);
    await assert.rejects(office.decide(DEED), /another node leads/);
    assert.deepEqual(events, ['forget in 0', `wish ${JSON.stringify(WISH)}`]);
  });

  it('lets a call be made, and its caller be told, once the rows say so: whoever leads next is not to make it again', async () => {
    for (const call of [BEGIN, END]) {
      written = false;
      let done = false;
      const decided = office.decide(call).then(() => {
        done = true;
      });
      await clock.advance(1);
      await clock.advance(3_000);
      assert.equal(done, false, call.op);
      written = true;
      await clock.advance(100);
      await decided;
    }
    assert.deepEqual(events, ['begin-call in 0', 'end-call in 0']);
  });

  it('makes no call that the rows do not take, and forgets that it was asked for', async () => {
    written = false;
    const refused = assert.rejects(office.decide(BEGIN), { code: 'UNAVAILABLE', message: /nothing was done/ });
    await clock.advance(1);
    await clock.advance(5_000);
    await refused;
    assert.deepEqual(events, ['begin-call in 0', 'end-call in 0']);
    const unheard = assert.rejects(office.decide(END), { code: 'UNAVAILABLE' });
    await clock.advance(1);
    await clock.advance(5_000);
    await unheard;
  });

  it('is grabbed on request, in an epoch of its own', async () => {
    seat.free = false;
    office.start();
    await clock.advance(1);
    await office.grab();
    assert.deepEqual([office.mayAct, office.term], [true, 1]);
  });

  it('is told of as grabbed once this node leads', async () => {
    seat.free = false;
    prepare = async () => {
      throw new Error('gone away');
    };
    await assert.rejects(office.grab(), { code: 'UNAVAILABLE' });
    prepare = async () => {};
    seat.free = true;
    await lead();
  });

  it('is left on request, and the others go first', async () => {
    await lead();
    await office.reelect();
    assert.deepEqual([office.mayAct, events], [false, ['take', 'leave']]);
    await clock.advance(2_500);
    assert.equal(office.mayAct, false);
    await clock.advance(1_000);
    assert.deepEqual([office.mayAct, office.term], [true, 2]);
  });
});
