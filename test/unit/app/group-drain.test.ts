import assert from 'node:assert/strict';
import { GroupApi, type GroupApiDeps } from '../../../internal/app/group/group-api.ts';
import { defaultConfig } from '../../../internal/config/load.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const GROUP = { RaftBind: '127.0.0.1:10008', RaftAdvertise: '127.0.0.1:10008' };

/** A node whose recovery runs for so long, and what became of it after so many ms. */
function aNode(recoversMs: number, inOffice = true, seconds = defaultConfig().RaftTransferWaitSeconds) {
  const clock = new FakeClock();
  const startMs = clock.nowMs();
  const passedMs = () => clock.nowMs() - startMs;
  const handedOverMs: number[] = [];
  const group = { mayAct: inOffice, standpoint: { inOffice } };
  const node = { handOver: async () => void handedOverMs.push(passedMs()), group };
  const deps: Partial<GroupApiDeps> = {
    config: { ...defaultConfig(), ...GROUP, RaftTransferWaitSeconds: seconds },
    membership: { node: node as never, waiting: undefined, refit: () => {} },
    backendWorks: () => true,
    sound: () => true,
    state: {} as never,
    recovering: () => passedMs() < recoversMs,
    clock,
    log: silentLog,
  };
  return { api: new GroupApi(deps as GroupApiDeps), clock, group, passedMs, handedOverMs };
}

describe('a node that is drained', () => {
  for (const [seconds, recoversMs, doneMs] of [
    [20, Number.POSITIVE_INFINITY, 20_000],
    [7, Number.POSITIVE_INFINITY, 7_000],
    [7, 3_000, 3_000],
    [0, Number.POSITIVE_INFINITY, 0],
  ] as const)
    it(`lets a recovery that runs for ${recoversMs} ms end before it yields and hands over, with RaftTransferWaitSeconds ${seconds} after ${doneMs} ms`, async () => {
      const { api, clock, passedMs, handedOverMs } = aNode(recoversMs, true, seconds);
      const drained = api.drain();
      while (passedMs() < doneMs) {
        assert.equal(api.yields, false, `after ${passedMs()} ms`);
        await clock.advance(50);
      }
      await drained;
      assert.equal(api.yields, true);
      assert.deepEqual(handedOverMs, [doneMs]);
    });

  it('yields at once where another one leads: recoveries are not its own', async () => {
    const { api, handedOverMs } = aNode(3_000, false);
    await api.drain();
    assert.equal(api.yields, true);
    assert.deepEqual(handedOverMs, [0]);
  });

  it('lets its recovery end where its lease is out for a moment', async () => {
    const { api, clock, group, handedOverMs } = aNode(3_000);
    const drained = api.drain();
    group.mayAct = false;
    await clock.advance(1_000);
    assert.equal(api.yields, false);
    group.mayAct = true;
    await clock.advance(2_000);
    await drained;
    assert.deepEqual(handedOverMs, [3_000]);
  });

  it('waits no longer once it is out of office', async () => {
    const { api, clock, group, handedOverMs } = aNode(3_000);
    const drained = api.drain();
    await clock.advance(1_000);
    group.standpoint.inOffice = false;
    await clock.advance(50);
    await drained;
    assert.deepEqual(handedOverMs, [1_050]);
  });

  it('keeps what it has where it is taken back while a recovery runs', async () => {
    const { api, clock, handedOverMs } = aNode(3_000);
    const drained = api.drain();
    await clock.advance(1_000);
    api.undrain();
    const again = api.drain();
    api.undrain();
    await clock.advance(5_000);
    await Promise.all([drained, again]);
    assert.equal(api.yields, false);
    assert.deepEqual(handedOverMs, []);
  });

  it('does not wait where it is told to hurry, and yields', async () => {
    const { api, clock } = aNode(3_000);
    const hurry = new AbortController();
    const drained = api.drain(hurry.signal).catch(() => 'hurried');
    await clock.advance(1_000);
    hurry.abort();
    assert.equal(await drained, 'hurried');
    assert.equal(api.yields, true);
  });
});
