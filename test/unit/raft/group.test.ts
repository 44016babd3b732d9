import assert from 'node:assert/strict';
import { RaftCore } from '../../../internal/raft/core/core.ts';
import type { Input } from '../../../internal/raft/core/inputs.ts';
import { DEFAULT_SETTINGS } from '../../../internal/raft/core/settings.ts';
import { type Configuration, foundingEntry, type LogEntry, NO_SNAPSHOT } from '../../../internal/raft/core/types.ts';
import { Driver } from '../../../internal/raft/node/driver.ts';
import { type Applied, Group, type StateMachine } from '../../../internal/raft/node/group.ts';
import type { GroupNews, Standpoint } from '../../../internal/raft/node/protocol.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const IDS = ['a', 'b', 'c'];
const founders: Configuration = {
  members: IDS.map((id) => ({ id, node: id, incarnation: '1', address: `${id}:1`, labels: {}, promote: true })),
  voters: IDS,
  outgoing: [],
  learners: [],
  nextLearners: [],
  reaped: [],
};

/** Writes down what it is told, and answers with how much it holds. */
class Notebook implements StateMachine {
  readonly words: string[] = [];

  apply(entries: readonly LogEntry[]): Applied {
    const results = entries.map((entry) => {
      if (entry.kind === 'command') this.words.push(Buffer.from(entry.data).toString());
      return this.words.length;
    });
    return { results, durable: Promise.resolve() };
  }

  snapshot(): AsyncIterable<Uint8Array> {
    throw new Error('not here');
  }

  restore(): Promise<void> {
    return Promise.reject(new Error('not here'));
  }
}

interface Node {
  readonly id: string;
  readonly driver: Driver;
  readonly group: Group;
  readonly machine: Notebook;
  readonly syncs: () => number;
}

/** Nodes in one process: a network of function calls, disks that keep everything, and a clock that moves when told to. */
class Village {
  readonly clock = new FakeClock();
  readonly nodes = new Map<string, Node>();
  readonly cutOff = new Set<string>();

  constructor() {
    for (const [at, id] of IDS.entries()) this.nodes.set(id, this.#build(id, at));
  }

  leader(): Node {
    const [leader, another] = [...this.nodes.values()].filter(({ group }) => group.mayAct);
    assert.ok(leader !== undefined && another === undefined, 'one leads');
    return leader;
  }

  others(): readonly Node[] {
    return [...this.nodes.values()].filter((node) => node !== this.leader());
  }

  #build(id: string, at: number): Node {
    const { clock } = this;
    let draw = at;
    const moment = () => {
      draw += 0.37;
      return { nowMs: clock.monotonicMs(), wallMs: clock.nowMs(), random: draw % 1 };
    };
    const recovered = {
      self: id,
      hardState: { term: 1, vote: undefined },
      snapshot: NO_SNAPSHOT,
      entries: [foundingEntry(founders, 0)],
      before: { index: 0, term: 0 },
      applied: 0,
      removed: false,
    };
    const core = new RaftCore(DEFAULT_SETTINGS, recovered, moment());
    const machine = new Notebook();
    let office: number | undefined;
    const standpoint = (): Standpoint => ({
      self: id,
      role: core.role,
      term: core.term,
      leader: core.leader,
      commit: core.commit,
      lastIndex: core.log.lastIndex,
      configuration: founders,
      inOffice: core.role === 'leader' && office === core.term,
      settled: core.log.termAt(core.commit) === core.term,
      standing: 'ready',
      disk: 'durable',
    });
    const tell = (news: GroupNews) => {
      if (this.cutOff.has(id)) return;
      group.hear(news);
      group.hear({ kind: 'standpoint', standpoint: standpoint() });
    };
    let syncs = 0;
    const driver = new Driver({
      core,
      store: {
        write: () => {
          syncs += 1;
          return 'durable';
        },
        stage: () => 'durable',
        readChunk: () => undefined,
        upkeep: () => 'done',
      },
      peers: {
        follow: () => undefined,
        send: (message) => {
          if (this.cutOff.has(id) || this.cutOff.has(message.to)) return;
          setImmediate(() => this.nodes.get(message.to)?.driver.take({ kind: 'message', message }));
        },
      },
      host: {
        apply: (items) => tell({ kind: 'apply', items }),
        answer: (answers) => tell({ kind: 'answers', answers }),
        event: (event) => {
          if (event.kind === 'inOffice') office = event.term;
          tell({ kind: 'event', event });
        },
        takeSnapshot: () => tell({ kind: 'takeSnapshot' }),
        stepped: () => undefined,
        disk: () => undefined,
        turned: () => undefined,
      },
      moment,
      soon: setImmediate,
      pauseMs: 150,
      fullRetryMs: 250,
      onFatal: (err) => assert.fail(String(err)),
    });
    clock.every(50, () => driver.take({ kind: 'tick' }));
    const group = new Group(
      {
        consensus: {
          order: (order) => {
            driver.take(order as Input);
          },
          keepSnapshot: () => Promise.reject(new Error('not here')),
          fetchSnapshot: () => assert.fail('not here'),
          lease: { runs: () => (core.leaseUntilMs ?? 0) > clock.monotonicMs() },
        },
        machine,
        clock,
        log: silentLog,
        proposalTimeoutMs: 2_000,
        onFatal: (err) => assert.fail(String(err)),
      },
      standpoint(),
      0,
    );
    return { id, driver, group, machine, syncs: () => syncs };
  }
}

const words = (text: string) => Buffer.from(text);

describe('a group of nodes', () => {
  let village: Village;

  beforeEach(async () => {
    village = new Village();
    await village.clock.advance(4_000);
  });

  it('agrees on one order, and answers with what the leader applied', async () => {
    const { group } = village.leader();
    const done = Promise.all(['one', 'two', 'three'].map((word) => group.propose(words(word))));
    await village.clock.advance(1_000);
    assert.deepEqual(await done, [1, 2, 3]);
    for (const { machine } of village.nodes.values()) assert.deepEqual(machine.words, ['one', 'two', 'three']);
  });

  it('syncs what waits together once', async () => {
    const leader = village.leader();
    const before = leader.syncs();
    const done = Promise.all(Array.from({ length: 50 }, (_, at) => leader.group.propose(words(`w${at}`))));
    await village.clock.advance(500);
    await done;
    assert.ok(leader.syncs() - before <= 2, `${leader.syncs() - before} syncs for 50 commands`);
  });

  it('refuses to be told anything by one that does not lead, and says who does', async () => {
    const { id } = village.leader();
    const [other] = village.others();
    const refused = assert.rejects(other?.group.propose(words('x')) ?? Promise.resolve(), {
      code: 'NOT_LEADER',
      context: { leader: id, reason: 'notLeader' },
    });
    await village.clock.advance(100);
    await refused;
  });

  it('confirms leadership by asking the others', async () => {
    const { group, id } = village.leader();
    const confirmed = group.confirm();
    await village.clock.advance(500);
    await confirmed;
    village.cutOff.add(id);
    const refused = assert.rejects(group.confirm(), { code: 'UNAVAILABLE' });
    await village.clock.advance(3_000);
    await refused;
  });

  it('goes on under another leader; the one that was cut off may not act, and does not know what became of its last word', async () => {
    const old = village.leader();
    const kept = old.group.propose(words('kept'));
    await village.clock.advance(500);
    await kept;
    village.cutOff.add(old.id);
    const unknown = assert.rejects(old.group.propose(words('lost')), { code: 'OUTCOME_UNKNOWN' });
    await village.clock.advance(6_000);
    await unknown;
    assert.equal(old.group.mayAct, false);
    const heir = village.leader();
    assert.notEqual(heir.id, old.id);
    const next = heir.group.propose(words('next'));
    await village.clock.advance(500);
    await next;
    village.cutOff.delete(old.id);
    await village.clock.advance(3_000);
    for (const { machine } of village.nodes.values()) assert.deepEqual(machine.words, ['kept', 'next']);
  });

  it('hands leadership over when asked to, and says so to those who act by it', async () => {
    const old = village.leader();
    const [heir] = village.others();
    const told: string[] = [];
    old.group.on('lost', () => told.push('lost'));
    heir?.group.on('office', () => told.push('office'));
    const moved = old.group.transfer(heir?.id);
    await village.clock.advance(1_000);
    await moved;
    assert.equal(village.leader().id, heir?.id);
    assert.deepEqual(told, ['lost', 'office']);
  });
});
