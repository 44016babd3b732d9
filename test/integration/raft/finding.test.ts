import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAddress } from '../../../internal/raft/address.ts';
import type { Anchor, Claim } from '../../../internal/raft/discovery/anchor.ts';
import { FileFinder } from '../../../internal/raft/discovery/file.ts';
import type { Finder, Found } from '../../../internal/raft/discovery/finder.ts';
import { Lookout } from '../../../internal/raft/discovery/lookout.ts';
import { Search } from '../../../internal/raft/discovery/search.ts';
import type { Finding } from '../../../internal/raft/forming/choice.ts';
import { AddressSpace } from '../../../internal/raft/wire/address-space.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { SeededRandom } from '../../sim/random.ts';
import { until } from '../../support/daemon.ts';
import { type GroupMember, type MemberOptions, RealGroup } from '../../support/raft-group.ts';

/** What reads the list truly, in a mood: fails, hangs, finds nobody, or some of those who are there. */
class FlakyFinder implements Finder {
  readonly #finder: Finder;
  readonly #random: SeededRandom;
  moods = 0;

  constructor(finder: Finder, seed: number) {
    this.#finder = finder;
    this.#random = new SeededRandom(seed);
  }

  async find(signal: AbortSignal): Promise<Found> {
    const { addresses, problems } = await this.#finder.find(signal);
    const mood = this.#random.pick(['fails', 'hangs', 'nobody', 'some', 'some', 'all'] as const);
    if (mood !== 'all') this.moods += 1;
    if (mood === 'fails') throw new Error('no answer');
    if (mood === 'hangs') return new Promise(() => undefined);
    if (mood === 'nobody') return { addresses: [], problems };
    return { addresses: addresses.filter(() => mood === 'all' || this.#random.chance(0.5)), problems };
  }
}

/** A record that several nodes claim. */
class SharedRecord implements Anchor {
  holder: string | undefined;

  async claim(clusterId: string): Promise<Claim> {
    this.holder ??= clusterId;
    return this.holder === clusterId ? { kind: 'ours' } : { kind: 'taken', by: this.holder, where: 'the record' };
  }

  async close(): Promise<void> {}
}

describe('nodes that find each other', function () {
  this.timeout(90_000);
  const folder = mkdtempSync(join(tmpdir(), 'finding-'));
  const path = join(folder, 'nodes');
  let group: RealGroup;
  const finders: FlakyFinder[] = [];

  afterEach(async () => {
    await group?.end();
    finders.length = 0;
  });
  after(() => rmSync(folder, { recursive: true }));

  function list(addresses: readonly string[]): void {
    writeFileSync(`${path}.new`, addresses.map((address) => `${address}\n`).join(''));
    renameSync(`${path}.new`, path);
  }

  function options(member: GroupMember, name: string, finding: Partial<Finding> = {}, anchor?: Anchor): MemberOptions {
    const finder = new FlakyFinder(new FileFinder({ path, defaultPort: 0 }), finders.length + 1);
    finders.push(finder);
    const self = parseAddress(member.address, 'a test', 0);
    const lookout = new Lookout({
      search: (onFindings) =>
        new Search({
          ...{ finder, settings: { intervalMs: 200, timeoutMs: 300 }, self, allowed: new AddressSpace([]) },
          ...{ clock: systemClock, random: Math.random, log: silentLog, onFindings },
        }),
      anchor,
      own: [self],
      timeoutMs: 1000,
      clock: systemClock,
    });
    const whole = { expect: 3, anchored: anchor !== undefined, alone: false, ...finding };
    const forming = { self: name, nodes: [], founders: [], finding: whole };
    return { forming, lookout, settings: { promotionHoldMs: 200 } };
  }
  const groupOf = (member: GroupMember) => member.node.group.standpoint.configuration;
  const names = (member: GroupMember) =>
    groupOf(member)
      .members.map(({ node }) => node)
      .toSorted()
      .join();

  it('found one group although their finder is flaky; and a fourth one joins it', async () => {
    group = new RealGroup(4, false);
    const [first, second, third, fourth] = group.members;
    assert(first && second && third && fourth);
    list([first, second, third].map(({ address }) => address));
    const record = new SharedRecord();
    await Promise.all([
      third.start(options(third, 'manager-2', {}, record)),
      first.start(options(first, 'manager-0', {}, record)),
      second.start(options(second, 'manager-1', {}, record)),
    ]);
    await group.say('together');
    assert.equal(names(first), 'manager-0,manager-1,manager-2');
    assert(
      finders.some(({ moods }) => moods > 0),
      'the finder was flaky',
    );
    assert.match(record.holder ?? '', /^[0-9a-f]{32}$/);

    list([first, second, third, fourth].map(({ address }) => address));
    await fourth.start(options(fourth, 'manager-3', {}, record));
    await until('the fourth one votes', async () => groupOf(first).voters.length === 4);
    assert.equal(names(first), 'manager-0,manager-1,manager-2,manager-3');
    assert.deepEqual(await group.level(), ['together']);
  });

  it('are the same group after all of them have moved at once', async () => {
    group = new RealGroup(3, false);
    const members = [...group.members];
    const start = () => Promise.all(members.map((member, at) => member.start(options(member, `manager-${at}`))));
    list(members.map(({ address }) => address));
    await start();
    await group.say('before');
    await Promise.all(members.map((member) => member.stop()));

    for (const member of members) member.address = member.address.replace(/\.(\d+):/, '.10$1:');
    list(members.map(({ address }) => address));
    await start();
    await group.say('after');
    assert.deepEqual(await group.level(), ['before', 'after']);
    await until('the log knows where they are', async () => {
      const [first] = members;
      const known = first && groupOf(first).members.map(({ address }) => address);
      return (
        known?.toSorted().join() ===
        members
          .map(({ address }) => address)
          .toSorted()
          .join()
      );
    });
  });

  it('wait as long as fewer are there than expected', async () => {
    group = new RealGroup(3, false);
    const [first, second, third] = group.members;
    assert(first && second && third);
    list(group.members.map(({ address }) => address));
    const begun = [first.start(options(first, 'a')), second.start(options(second, 'b'))];
    await until('both say so', async () =>
      [first, second].every(({ waited }) => waited.some(({ why }) => why.startsWith('sees 2 of 3 founders (a, b)'))),
    );
    assert(!first.runs && !second.runs);
    await Promise.all([...begun, third.start(options(third, 'c'))]);
    await group.say('all three');
  });

  it('found nothing in the place of a group that lost all its disks, until the record is deleted', async () => {
    group = new RealGroup(1, false);
    const [only] = group.members;
    assert(only);
    list([only.address]);
    const record = new SharedRecord();
    record.holder = 'former';
    const start = only.start(options(only, 'a', { expect: 1, alone: true }, record));
    await until('it says what to do', async () =>
      only.waited.some(({ why }) =>
        /^group former had this name and is not to be seen: .* delete the record/.test(why),
      ),
    );
    assert(!only.runs);
    record.holder = undefined;
    await start;
    await group.say('anew');
  });
});
