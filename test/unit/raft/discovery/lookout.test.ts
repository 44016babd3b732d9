import assert from 'node:assert/strict';
import { parseAddress } from '../../../../internal/raft/address.ts';
import type { Anchor, Claim } from '../../../../internal/raft/discovery/anchor.ts';
import type { Finder } from '../../../../internal/raft/discovery/finder.ts';
import { Lookout } from '../../../../internal/raft/discovery/lookout.ts';
import { Search } from '../../../../internal/raft/discovery/search.ts';
import type { Candidates } from '../../../../internal/raft/forming/types.ts';
import { AddressSpace } from '../../../../internal/raft/wire/address-space.ts';
import { silentLog } from '../../../../internal/runtime/log.ts';
import { FakeClock } from '../../../support/fake-clock.ts';

const at = (text: string) => parseAddress(text, 'a test', 10_008);

function lookingOut(found: readonly string[], anchor?: Pick<Anchor, 'claim'>) {
  const clock = new FakeClock();
  const told: Candidates[] = [];
  let asked = 0;
  const finder: Finder = {
    find: async () => {
      asked += 1;
      return { addresses: found.map(at), problems: [] };
    },
  };
  const lookout = new Lookout({
    search: (onFindings) =>
      new Search({
        ...{ finder, settings: { intervalMs: 2000, timeoutMs: 5000 }, self: at('node-1'), clock, onFindings },
        ...{ allowed: new AddressSpace([]), random: () => 0.5, log: silentLog },
      }),
    anchor: anchor && { ...anchor, close: async () => {} },
    own: [at('node-1'), at('0.0.0.0')],
    timeoutMs: 5000,
    clock,
    hosts: () => ['10.0.0.1'],
  });
  return { lookout, clock, told, tell: (candidates: Candidates) => told.push(candidates), asked: () => asked };
}

describe('looking out for other nodes', () => {
  it('tells whom to call on, without this node under any of its addresses', async () => {
    const { lookout, clock, told, tell } = lookingOut(['10.0.0.1', '10.0.0.1:7', '10.0.0.2', 'node-1']);
    lookout.start(tell);
    await clock.advance(2000);
    const expected = { addresses: ['10.0.0.1:7', '10.0.0.2:10008'], aloneTimes: 0, problem: undefined };
    assert.deepEqual(told, [expected, expected]);
    await lookout.stop();
  });

  it('counts how often nobody but this node was found', async () => {
    const { lookout, clock, told, tell } = lookingOut(['10.0.0.1']);
    lookout.start(tell);
    await clock.advance(4000);
    assert.deepEqual(
      told.map(({ aloneTimes }) => aloneTimes),
      [1, 2, 3],
    );
    await lookout.stop();
  });

  it('rests while all members are reached, and looks again when one is not', async () => {
    const { lookout, clock, told, tell, asked } = lookingOut(['10.0.0.2']);
    const peers = [{ connected: true }, { connected: true }];
    lookout.start(tell);
    await clock.advance(0);
    lookout.joined(async () => ({ peers }));
    await clock.advance(30_000);
    assert.equal(asked(), 1);
    assert.deepEqual(told.at(-1)?.addresses, [], 'nobody is dialled but the members');
    peers[1] = { connected: false };
    await clock.advance(20_000);
    assert(asked() > 4);
    assert.deepEqual(told.at(-1)?.addresses, ['10.0.0.2:10008']);
    await lookout.stop();
  });

  const CLAIMS: readonly (readonly [title: string, claim: (() => Promise<Claim>) | undefined, answer: object])[] = [
    ['an answer', async () => ({ kind: 'ours' }), { kind: 'ours' }],
    ['a failure', () => Promise.reject(new Error('forbidden')), { kind: 'unknown', why: 'forbidden' }],
    ['nothing to ask', undefined, { kind: 'unknown', why: 'there is no place for it' }],
  ];
  for (const [title, claim, answer] of CLAIMS)
    it(`makes of a claim: ${title}`, async () => {
      const { lookout } = lookingOut([], claim && { claim });
      assert.deepEqual(await lookout.claim('g1'), answer);
    });
});
