import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../../support/daemon.ts';
import { type GroupMember, RealGroup } from '../../support/raft-group.ts';
import type { Says, Told } from '../../support/raft-member-process.ts';

const OWN = import.meta.url;
const MEMBER = fileURLToPath(new URL(`../../support/raft-member-process${OWN.slice(OWN.lastIndexOf('.'))}`, OWN));

/** Runs a member in a process of its own. */
class Apart {
  readonly #child: ChildProcess;
  readonly #said: Says[] = [];

  constructor() {
    this.#child = fork(MEMBER, { serialization: 'advanced' });
    this.#child.on('message', (says: Says) => this.#said.push(says));
  }

  tell(told: Told): void {
    this.#child.send(told);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child.kill(signal);
  }

  /** The next word of this kind; it counts as heard then. */
  async hear<K extends Says['kind']>(kind: K): Promise<Extract<Says, { kind: K }>> {
    return until(`the process says ${kind}`, async () => {
      const at = this.#said.findIndex((says) => says.kind === kind);
      return at < 0 ? undefined : (this.#said.splice(at, 1)[0] as Extract<Says, { kind: K }>);
    });
  }

  async end(): Promise<void> {
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== null || signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}

describe('a leader that is stuck', function () {
  this.timeout(120_000);
  let group: RealGroup;
  let apart: Apart;
  let stuck: GroupMember;

  beforeEach(async () => {
    group = new RealGroup(3);
    const [first, second, third] = group.members;
    stuck = third!;
    apart = new Apart();
    apart.tell({ kind: 'start', options: stuck.options() });
    await Promise.all([first!.start(), second!.start(), apart.hear('ready')]);
    await until('the other process leads', async () => {
      apart.tell({ kind: 'look' });
      if ((await apart.hear('looked')).mayAct) return true;
      const leader = group.members.find(({ leads }) => leads);
      await leader?.node.group.transfer(stuck.id);
      return false;
    });
  });

  afterEach(async () => {
    await apart.end();
    await group.end();
  });

  it('on its main thread alone gives leadership up, and wants it again when it moves', async () => {
    const free = join(stuck.directory, 'free');
    apart.tell({ kind: 'block', until: free });
    await apart.hear('blocking');
    const heir = await group.leader();
    const { peers } = await heir.node.status();
    assert.ok(
      peers.find(({ id }) => id === stuck.id)?.connected,
      'its consensus thread is as alive as before, and has handed over',
    );
    await group.say('while it is blocked');
    apart.tell({ kind: 'propose', word: 'of the one that was blocked' });
    writeFileSync(free, '');
    assert.equal((await apart.hear('unblocked')).mayAct, false);
    assert.equal((await apart.hear('proposed')).code, 'NOT_LEADER');
    await until('it is fit to lead again', async () => {
      apart.tell({ kind: 'look' });
      const { standing, words } = await apart.hear('looked');
      return standing === 'ready' && words.join() === 'while it is blocked';
    });
  });

  it('as a whole finds on waking that it may not act, and refuses what was asked of it meanwhile', async () => {
    apart.signal('SIGSTOP');
    apart.tell({ kind: 'look' });
    apart.tell({ kind: 'propose', word: 'asked while it slept' });
    await group.leader(); // one of those that are awake
    await group.say('while it slept');
    apart.signal('SIGCONT');
    assert.equal((await apart.hear('looked')).mayAct, false);
    assert.match((await apart.hear('proposed')).code ?? 'agreed on', /NOT_LEADER|UNAVAILABLE/);
    assert.deepEqual((await group.leader()).notebook.words, ['while it slept']);
  });
});
