import type { GroupNow, GroupView, MemberView, Waiting } from '../../internal/http/group-view.ts';
import { OrchestratorError } from '../../internal/runtime/errors.ts';

export const ADDRESSES = ['10.0.0.1:10008', '10.0.0.2:10008', '10.0.0.3:10008'] as const;

export function aMember(n: 1 | 2 | 3, changes: Partial<MemberView> = {}): MemberView {
  return {
    address: ADDRESSES[n - 1] ?? '',
    name: `orc${n}`,
    kind: 'voter',
    labels: [n === 3 ? 'fra' : 'ber'],
    healthy: true,
    silentMs: n === 1 ? 0 : 40,
    clockOffsetMs: n === 1 ? 0 : 2.4,
    behind: 0,
    ...changes,
  };
}

export function aWait(phase: Waiting['phase'], reason: string, changes: Partial<Waiting> = {}): Waiting {
  return { phase, reason, problem: undefined, attempts: { nextMs: 0, everyMs: 500 }, ...changes };
}

/** Three voters; the first one leads. Every action is noted in `calls`. */
export class FakeGroup implements GroupView {
  readonly calls: string[] = [];
  readonly bind: string;
  readonly advertise: string;
  /** As long as a change waits for a leader. */
  electionTimeoutMs = 1_000;
  url = 'http://127.0.0.1:1';
  mayAct: boolean;
  leads: boolean;
  #now: GroupNow;

  constructor(self: 1 | 2 | 3) {
    this.bind = `0.0.0.0:10008`;
    this.advertise = ADDRESSES[self - 1] ?? '';
    this.mayAct = self === 1;
    this.leads = self === 1;
    this.#now = {
      role: self === 1 ? 'leader' : 'follower',
      term: 7,
      leader: { address: ADDRESSES[0], url: undefined },
      leaderContactMs: self === 1 ? 0 : 30.4,
      commit: 100,
      applied: 98,
      members: [aMember(1), aMember(2), aMember(3)],
      quorum: 2,
      tolerates: 1,
      toleratesBy: { Voter: 1, Host: 1 },
      warnings: [],
      waiting: undefined,
      life: 'voter',
      lifeMs: 61_000,
      nextAttemptMs: undefined,
      draining: false,
      concerns: [],
      sync: { medianMs: 2, worstMs: 30 },
      threadSilentMs: 5,
    };
  }

  /** How often somebody wanted to know. */
  looks = 0;

  now(): GroupNow {
    this.looks += 1;
    return this.#now;
  }

  is(changes: Partial<GroupNow>): this {
    this.#now = { ...this.#now, ...changes };
    return this;
  }

  /** Follows the first node, whose API is there. */
  follow(url: string): this {
    return this.is({ leader: { address: ADDRESSES[0], url } });
  }

  /** Leads and has lost touch, or follows and knows nobody who leads. */
  lose(contactMs: number | undefined): this {
    this.mayAct = false;
    this.leads = false;
    return this.is({
      role: this.#now.role === 'leader' ? 'leader' : 'candidate',
      leader: undefined,
      leaderContactMs: contactMs,
    });
  }

  async confirm(): Promise<void> {
    this.calls.push('confirm');
    if (!this.mayAct && this.#now.leader === undefined) throw new OrchestratorError('NOT_LEADER', 'no leader is known');
  }

  async transfer(to: string | undefined, wait: boolean): Promise<void> {
    this.calls.push(`transfer to ${to ?? 'anybody'}${wait ? ', wait' : ''}`);
  }

  async addPeer(address: string, wait: boolean): Promise<void> {
    this.calls.push(`add ${address}${wait ? ', wait' : ''}`);
  }

  async removePeer(address: string): Promise<void> {
    this.calls.push(`remove ${address}`);
    if (address === ADDRESSES[1])
      throw new OrchestratorError('UNAVAILABLE', 'it would leave less than a majority that answers');
  }

  async scaleDown(to: number, most: number): ReturnType<GroupView['scaleDown']> {
    this.calls.push(`scale down to ${to}, ${most} at most`);
    const removed = [...ADDRESSES].reverse().slice(0, Math.min(most, Math.max(0, 3 - to)));
    return { removed, members: 3 - removed.length };
  }

  /** What a backup comes to. */
  backupBytes: AsyncIterable<Uint8Array> = (async function* () {
    yield Buffer.from('all of it');
  })();

  async backup(): ReturnType<GroupView['backup']> {
    this.calls.push('backup');
    return { name: 'c1-98.backup', bytes: this.backupBytes };
  }

  async drain(): Promise<void> {
    this.calls.push('drain');
  }

  undrain(): void {
    this.calls.push('undrain');
  }

  async takeSnapshot(): Promise<void> {
    this.calls.push('snapshot');
  }
}
