import assert from 'node:assert/strict';
import { OfficeTurns } from '../../../internal/app/group/office-turns.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { ManualClock } from '../../support/manual-clock.ts';

/** A node that is elected and deposed as the test has it; `end` ends what the last office left under way. */
function aNode(broken?: Error) {
  const events: string[] = [];
  const fatal: unknown[] = [];
  const clock = new ManualClock();
  let held: number | undefined;
  let end = (_err?: Error) => {};
  const turns = new OfficeTurns({
    holder: {
      takeOffice: () => {
        if (broken !== undefined) throw broken;
        events.push(`take ${held}`);
      },
      leaveOffice: () => {
        events.push('leave');
        return new Promise((resolve, reject) => {
          end = (err) => (err === undefined ? resolve() : reject(err));
        });
      },
    },
    held: () => held,
    clock,
    log: silentLog,
    onFatal: (err) => void fatal.push(err),
  });
  const elected = (term: number) => {
    held = term;
    turns.take(term);
  };
  const deposed = () => {
    held = undefined;
    turns.leave();
  };
  return { events, fatal, clock, turns, elected, deposed, end: (err?: Error) => end(err) };
}

const passed = () => new Promise((resolve) => setImmediate(resolve));

describe('the offices of a node', () => {
  it('begin one behind the other, the next when what the last one left has ended', async () => {
    const { events, turns, elected, deposed, end } = aNode();
    elected(2);
    await turns.ended();
    deposed();
    elected(4);
    await passed();
    assert.deepEqual(events, ['take 2', 'leave']);
    end();
    await turns.ended();
    assert.deepEqual(events, ['take 2', 'leave', 'take 4']);
  });

  it('begin once each, also where one was lost again before its turn', async () => {
    const { events, turns, elected, deposed, end } = aNode();
    elected(2);
    await turns.ended();
    deposed();
    const endOfTheFirst = end;
    elected(4);
    endOfTheFirst();
    deposed();
    elected(6);
    end();
    await turns.ended();
    assert.deepEqual(events, ['take 2', 'leave', 'leave', 'take 6']);
  });

  it('do not end the process where one fails before its turn to end has come', async () => {
    const { turns, elected, deposed, end } = aNode();
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => void unhandled.push(reason);
    process.on('unhandledRejection', note);
    try {
      elected(2);
      await turns.ended();
      deposed(); // and does not come to its end
      elected(4);
      deposed();
      end(new Error('as the test has it'));
      await passed();
    } finally {
      process.off('unhandledRejection', note);
    }
    assert.deepEqual(unhandled, []);
  });

  it('are late where the last one keeps the next from beginning for two seconds, until it has ended or is lost', async () => {
    const { turns, clock, elected, deposed, end } = aNode();
    elected(2);
    await turns.ended();
    clock.advance(10_000);
    assert.equal(turns.late, false);
    deposed();
    clock.advance(10_000);
    elected(4);
    clock.advance(2_000);
    assert.equal(turns.late, false);
    clock.advance(1);
    assert.equal(turns.late, true);
    end();
    await turns.ended();
    assert.equal(turns.late, false);
    deposed();
    elected(6);
    clock.advance(3_000);
    assert.equal(turns.late, true);
    deposed();
    assert.equal(turns.late, false);
  });

  it('end the node where one cannot begin: it would lead, and nobody act', async () => {
    const broken = new Error('as the test has it');
    const { fatal, turns, elected } = aNode(broken);
    elected(2);
    await turns.ended();
    assert.deepEqual(fatal, [broken]);
  });

  it('go on where one did not end in order', async () => {
    const { events, turns, elected, deposed, end } = aNode();
    elected(2);
    await turns.ended();
    deposed();
    end(new Error('as the test has it'));
    elected(4);
    await turns.ended();
    assert.deepEqual(events, ['take 2', 'leave', 'take 4']);
  });
});
