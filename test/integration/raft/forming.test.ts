import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAddress } from '../../../internal/raft/address.ts';
import type { Member } from '../../../internal/raft/core/types.ts';
import { Forming } from '../../../internal/raft/forming/forming.ts';
import { readRecord, writeRecord } from '../../../internal/raft/forming/record.ts';
import { FormingRoom } from '../../../internal/raft/forming/room.ts';
import type { FormingOutcome } from '../../../internal/raft/forming/types.ts';
import { pathsIn } from '../../../internal/raft/store/directory.ts';
import { nodeFiles } from '../../../internal/raft/store/files.ts';
import { type Identity, memberIdOf, readIdentity, writeIdentity } from '../../../internal/raft/store/identity.ts';
import { AddressSpace } from '../../../internal/raft/wire/address-space.ts';
import { wireSettings } from '../../../internal/raft/wire/settings.ts';
import { Wire } from '../../../internal/raft/wire/wire.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { until } from '../../support/daemon.ts';
import { aFounder, formingSettings } from '../../support/forming.ts';
import { OPEN } from '../../support/raft-wire.ts';

const HAIL_MS = 100;
const silent = { error: () => {}, warn: () => {}, info: () => {}, debug: () => {} };

/** A process as far as founding goes: its directory, its port, and what the two say. */
class Founder {
  readonly told: FormingOutcome[] = [];
  readonly knocks: Member[] = [];
  readonly #wire: Wire;
  readonly #room: FormingRoom;
  readonly #stopTicking: () => void;
  #identity: Identity;

  constructor(directory: string, address: string, nodes: readonly string[], life: number) {
    const paths = pathsIn(directory);
    const fresh = { clusterId: undefined, nodeId: address, incarnation: `i${life}`, generation: 0, address };
    this.#identity = readIdentity(nodeFiles, paths.identity) ?? fresh;
    writeIdentity(nodeFiles, paths.identity, this.#identity);
    const { incarnation } = this.#identity;
    const self = aFounder(address, { id: memberIdOf(this.#identity), incarnation });
    const settings = { ...formingSettings(self, nodes), identity: this.#identity, hailMs: HAIL_MS };
    const moment = () => ({ nowMs: systemClock.monotonicMs(), wallMs: systemClock.nowMs() });
    const record = readRecord(nodeFiles, paths.formation, incarnation);
    this.#wire = new Wire({
      bind: parseAddress(address, 'test', 0),
      clock: systemClock,
      log: silent,
      random: () => 0.5,
      settings: wireSettings(300, 2 ** 20),
      credentials: OPEN,
      allowed: new AddressSpace([]),
      identity: () => ({
        clusterName: 'orders',
        clusterId: this.#identity.clusterId ?? '',
        generation: 0,
        node: address,
        incarnation,
        member: self.id,
        address,
        release: 'test',
        protocol: 1,
      }),
      veto: () => undefined,
      onMessage: () => assert.fail('no consensus before there is a group'),
      onBytes: (_channel, from, payload) => this.#room.onBytes(from, payload),
    });
    this.#room = new FormingRoom({
      machine: new Forming(settings, { record, raftState: false }, moment()),
      moment,
      keepRecord: (kept) => writeRecord(nodeFiles, paths.formation, incarnation, kept),
      keepIdentity: (identity) => {
        writeIdentity(nodeFiles, paths.identity, identity);
        this.#identity = identity;
      },
      send: (to, payload) => this.#wire.sendTo(to, 'forming', payload),
      claim: () => assert.fail('nothing to claim where nodes are listed'),
      onKnock: (member) => this.knocks.push(member),
      onOutcome: (outcome) => this.told.push(outcome),
    });
    this.#stopTicking = systemClock.every(HAIL_MS / 2, () => this.#room.tick());
    const others = nodes.filter((node) => node !== address);
    this.started = this.#wire.start().then(() => this.#wire.seek(others.map((node) => parseAddress(node, 'test', 0))));
  }

  readonly started: Promise<void>;

  get outcome(): FormingOutcome {
    return this.#room.outcome;
  }

  async stop(): Promise<void> {
    this.#stopTicking();
    await this.#wire.stop();
  }
}

describe('founding over real sockets', () => {
  let top = '';
  let nodes: readonly string[] = [];
  const running = new Map<string, Founder>();
  let lives = 0;

  async function start(node: string): Promise<Founder> {
    lives += 1;
    const founder = new Founder(join(top, node.replace(':', '-')), node, nodes, lives);
    running.set(node, founder);
    await founder.started;
    return founder;
  }
  async function stop(node: string): Promise<void> {
    await running.get(node)?.stop();
    running.delete(node);
  }
  const formed = (founder: Founder) => (founder.outcome.kind === 'formed' ? founder.outcome : undefined);

  beforeEach(async () => {
    top = mkdtempSync(join(tmpdir(), 'raft-forming-'));
    nodes = (await Promise.all([freePort(), freePort(), freePort()])).map((port) => `127.0.0.1:${port}`).toSorted();
    for (const node of nodes) nodeFiles.makeDirectory(join(top, node.replace(':', '-')));
  });
  afterEach(async () => {
    await Promise.all([...running.keys()].map(stop));
    rmSync(top, { recursive: true, force: true });
  });

  it('waits for the last one, then is the same for all, and tells who comes later', async () => {
    const [first = '', second = '', last = ''] = nodes;
    const a = await start(first);
    const b = await start(second);
    const waits = new RegExp(`waits for ${last} \\(never seen\\)`);
    await until('both say whom they wait for', async () =>
      [a, b].every(
        ({ outcome }) =>
          outcome.kind === 'waiting' && /^waits for [^,]* \(never seen\)/.test(outcome.why) && waits.test(outcome.why),
      ),
    );
    const c = await start(last);
    await until('all are formed', async () => [a, b, c].every((one) => formed(one) !== undefined));
    const outcomes = [a, b, c].map((one) => formed(one)!);
    assert.equal(new Set(outcomes.map(({ identity }) => identity.clusterId)).size, 1);
    assert.equal(new Set(outcomes.map(({ foundingEntry }) => JSON.stringify(foundingEntry))).size, 1);

    await stop(second);
    const again = await start(second);
    assert.deepEqual(formed(again), outcomes[1], 'a restart knows its group without asking');

    await stop(last);
    rmSync(join(top, last.replace(':', '-')), { recursive: true });
    nodeFiles.makeDirectory(join(top, last.replace(':', '-')));
    const wiped = await start(last);
    await until('it is told that it is outside', async () => wiped.outcome.kind === 'outside');
    await until('the members hear of it', async () =>
      [a, again].every(({ knocks }) => knocks.some(({ node, incarnation }) => node === last && incarnation === 'i5')),
    );
  });
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert(typeof address === 'object' && address !== null);
  await new Promise((resolve) => server.close(resolve));
  return address.port;
}
