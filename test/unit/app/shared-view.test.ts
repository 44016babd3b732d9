import assert from 'node:assert/strict';
import { SharedView, type SharedViewDeps } from '../../../internal/app/shared/shared-view.ts';
import type { Command } from '../../../internal/command/command.ts';
import { type Log, silentLog } from '../../../internal/runtime/log.ts';
import type { WatchedInstance } from '../../../internal/topology/instance.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { partial } from '../../support/partial.ts';
import { anInstance } from '../topology/builders.ts';

const instance = anInstance(1);

const forget = (hostname: string): Command => ({ op: 'forget', key: { hostname, port: 3306 } });
const REDUCED: Command = { op: 'disable-global-recoveries' };

const called = (hostname: string, name: string): Command => ({
  op: 'register-hostname-unresolve',
  key: { hostname, port: 3306 },
  hostname: name,
});

function spelled(command: Command): string {
  if (command.op === 'register-hostname-unresolve') return `${command.key.hostname}=${command.hostname}`;
  return command.op === 'forget' ? command.key.hostname : command.op;
}

/** The daemon that leads, and what operators have asked of the others since its last look. */
async function aLeader(failing: (command: Command) => boolean, log: Log = silentLog, attemptedInMs = 0) {
  const clock = new ManualClock();
  const heard: string[] = [];
  const restored: WatchedInstance[] = [];
  let [wished, reloads]: [readonly string[], number] = [[], 0];
  const orchestrator = {
    hear: async (command: Command) => {
      heard.push(spelled(command));
      if (failing(command)) throw new Error('as the test has it');
    },
    inventory: { restore: (instances: readonly WatchedInstance[]) => restored.push(...instances) },
    reload: () => {},
    reloadWords: () => {
      reloads += 1;
    },
  };
  const store = {
    wishes: {
      unread: async () => {
        const fresh = wished.map((command, id) => ({ id, token: 'other', command }));
        wished = [];
        return fresh;
      },
      dropOld: async () => {},
    },
    leaderAddress: { ofAnother: async () => undefined },
    caughtUp: async () => true,
  };
  const view = new SharedView(
    partial<SharedViewDeps>({
      ...{ store, clock, log },
      restore: async () => ({ instances: [{ instance, lastAttemptedMs: clock.nowMs() + attemptedInMs }] }),
      orchestrator: () => orchestrator,
      applied: () => 0,
    }),
  );
  await view.prepare();
  view.start();
  const round = async (...commands: readonly string[]) => {
    wished = commands;
    await clock.advance(1_000);
    await new Promise((resolve) => setImmediate(resolve));
    const now = heard.splice(0);
    return now;
  };
  return { view, round, clock, restored, reloads: () => reloads };
}

describe('a node that takes the lead', () => {
  it('has tried to read no server yet, however far ahead the clock of the node before was', async () => {
    const { view, clock, restored } = await aLeader(() => false, silentLog, 3_600_000);
    assert.ok(restored.every(({ lastAttemptedMs }) => lastAttemptedMs < clock.nowMs()) && restored.length === 1);
    await view.stop();
  });
});

describe('what operators asked of daemons that do not lead', () => {
  it('is heard by the one that leads, each by itself: one that fails keeps no other from it', async () => {
    const { view, round, reloads } = await aLeader(
      (command) => command.op === 'forget' && command.key.hostname === 'a',
    );
    const first = await round(...[forget('a'), REDUCED, forget('b')].map((one) => JSON.stringify(one)));
    assert.deepEqual(first, ['a', 'b']);
    assert.equal(reloads(), 1, 'what stands in rows is read there');
    assert.deepEqual(await round('no command at all', JSON.stringify(forget('c'))), ['a', 'c']);
    await view.stop();
  });

  it('is tried again where it failed, in the next rounds, and not for ever', async () => {
    let fails = true;
    const { view, round } = await aLeader(() => fails);
    assert.deepEqual(await round(JSON.stringify(forget('a'))), ['a']);
    fails = false;
    assert.deepEqual(await round(), ['a']);
    assert.deepEqual(await round(), []);
    fails = true;
    const rounds = [await round(JSON.stringify(forget('b')))];
    for (let more = 0; more < 8; more += 1) rounds.push(await round());
    assert.equal(rounds.flat().length, 5);
    await view.stop();
  });

  it('is done in its order where it is about one thing, whatever fails first', async () => {
    let fails = true;
    const { view, round } = await aLeader((command) => fails && spelled(command) === 'a=old');
    const wishes = [called('a', 'old'), called('a', 'new'), called('b', 'x')].map((one) => JSON.stringify(one));
    assert.deepEqual(await round(...wishes), ['a=old', 'b=x']);
    assert.deepEqual(await round(JSON.stringify(called('a', 'newest'))), ['a=old']);
    fails = false;
    assert.deepEqual(await round(), ['a=old', 'a=new', 'a=newest']);
    await view.stop();
  });

  it('holds those about the same thing up until it is given up, and that is told as an error, once', async () => {
    const errors: object[] = [];
    const log = { ...silentLog, error: (fields: object) => void errors.push(fields) };
    const { view, round } = await aLeader((command) => spelled(command) === 'a=old', log);
    const rounds = [await round(...[called('a', 'old'), called('a', 'new')].map((one) => JSON.stringify(one)))];
    for (let more = 0; more < 6; more += 1) rounds.push(await round());
    assert.deepEqual(rounds.flat(), [...Array(5).fill('a=old'), 'a=new']);
    const [given] = errors as { readonly op: string; readonly subjects: readonly string[] }[];
    assert.deepEqual([errors.length, given?.op, given?.subjects], [1, 'register-hostname-unresolve', ['host a']]);
    await round('no command at all');
    await round();
    assert.equal(errors.length, 2, 'what cannot be read is not tried again');
    await view.stop();
  });

  it('is nothing to a daemon that leads no more', async () => {
    const { view, round } = await aLeader(() => true);
    assert.deepEqual(await round(JSON.stringify(forget('a'))), ['a']);
    view.yield();
    assert.deepEqual(await round(), []);
    await view.prepare();
    assert.deepEqual(await round(), [], 'it has read the rows since');
    await view.stop();
  });
});

/** A daemon that shares its backend: what it was asked, what the rows say of that, and what it shows. */
function aNode() {
  const clock = new ManualClock();
  let asked: readonly string[] = [];
  let stored = asked;
  let shown = asked;
  let meanwhile = () => {};
  const ask = (hostname: string, written = true) => {
    asked = [...asked, hostname];
    shown = asked;
    if (written) stored = asked;
  };
  const view = new SharedView(
    partial<SharedViewDeps>({
      ...{ clock, log: silentLog },
      store: {
        wishes: { unread: async () => [], dropOld: async () => {} },
        leaderAddress: { ofAnother: async () => undefined },
        caughtUp: async () => stored.length === asked.length,
      },
      restore: async () => {
        const maintenances = stored.map((hostname) => ({ key: { hostname, port: 3306 } }));
        meanwhile();
        return { instances: [], maintenances };
      },
      orchestrator: () => ({
        inventory: { restore: () => {} },
        reload: (restored) => {
          shown = restored.maintenances.map(({ key }) => key.hostname);
        },
      }),
      applied: () => asked.length,
    }),
  );
  return {
    ...{ view, clock, ask },
    shown: () => shown,
    stores: () => {
      stored = asked;
    },
    whileReading: (work: () => void) => {
      meanwhile = work;
    },
  };
}

describe('what a daemon that shares its backend answers', () => {
  const once = (work: () => void) => {
    let done = false;
    return () => {
      if (!done) work();
      done = true;
    };
  };

  it('is not taken back by rows that were read before', async () => {
    const node = aNode();
    node.view.start();
    node.whileReading(once(() => node.ask('a')));
    await node.clock.advance(1_000);
    assert.deepEqual(node.shown(), ['a']);
    await node.view.stop();
  });

  it('nor by rows that lack it yet', async () => {
    const node = aNode();
    node.view.start();
    node.ask('a', false);
    await node.clock.advance(2_000);
    assert.deepEqual(node.shown(), ['a']);
    await node.view.stop();
  });

  it('counts for it when it leads, although it was said while it read the rows', async () => {
    const node = aNode();
    node.whileReading(once(() => node.ask('no recoveries')));
    await node.view.prepare();
    assert.deepEqual(node.shown(), ['no recoveries']);
  });

  it('keeps it from leading while the rows lack it, since all others read those', async () => {
    const node = aNode();
    node.ask('no recoveries', false);
    await assert.rejects(node.view.prepare(), { code: 'BACKEND_FAILED' });
    node.stores();
    await node.view.prepare();
    assert.deepEqual(node.shown(), ['no recoveries']);
  });
});
