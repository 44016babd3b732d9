// A node whose state is not that of its group gets it back from the leader, by the rules of DESIGN.md.

import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Agreed, Standing } from '../../backend/agreed.ts';
import type { MemberId } from '../../raft/core/types.ts';
import type { ForeignState } from '../../raft/node/group.ts';
import type { RaftNode } from '../../raft/node/raft-node.ts';
import { type BackupHead, readBackup } from '../../raft/rescue/backup-file.ts';
import type { Clock } from '../../runtime/clock.ts';
import { errorText, OrchestratorError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { DigestWatch } from './digest-watch.ts';
import type { StateCourier } from './state-courier.ts';
import { judge, type StateDigest } from './verdict.ts';

/** For `raft-status`. */
export interface StateView {
  readonly standing: Standing;
  /** Index at which it was found to hold something else; undefined: it was not. */
  readonly differsSince: number | undefined;
  readonly repairing: boolean;
  readonly lastRepair: Repair | undefined;
}

export interface Repair {
  readonly atMs: number;
  /** Entry that the new state stands at. */
  readonly index: number;
  readonly from: MemberId;
  readonly why: string;
}

export interface StateCareDeps {
  readonly node: () => RaftNode | undefined;
  readonly digests: DigestWatch;
  readonly agreed: Pick<Agreed, 'standing' | 'stands'>;
  readonly courier: Pick<StateCourier, 'fetch'>;
  readonly told: (id: MemberId) => StateDigest | undefined;
  /** What this node holds now, as it is kept. */
  readonly present: () => AsyncIterable<Uint8Array>;
  /** `RaftDataDir`. */
  readonly directory: string;
  readonly audit: (message: string) => void;
  readonly clock: Pick<Clock, 'every' | 'nowMs' | 'sleep'>;
  readonly log: Log;
}

/** A look that waits for a backend which takes nothing is not waited for: the node may end because of that. */
const STOP_LIMIT_MS = 1_000;
const LOOK_MS = 500;
const KEPT = 3;

export class StateCare {
  readonly #deps: StateCareDeps;
  readonly #ending = new AbortController();
  #standing: Standing | undefined;
  #looking: Promise<void> | undefined;
  #repairing = false;
  #lastRepair: Repair | undefined;
  /** What was said of the present difference. */
  #said = '';
  /** What was said last of an attempt that failed, or is under way: each is told of once, until a look succeeds. */
  #failure = '';
  #attempt = '';
  /** Entry up to which the present state was kept, so that what is left by an attempt that failed does not replace it. */
  #keptAt: number | undefined;
  #stop = () => {};

  constructor(deps: StateCareDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#stop = this.#deps.clock.every(LOOK_MS, () => {
      this.#looking ??= this.#look()
        .then(
          () => this.#succeeded(),
          (err: unknown) => this.#failed(errorText(err)),
        )
        .finally(() => {
          this.#looking = undefined;
        });
    });
  }

  async stop(): Promise<void> {
    this.#ending.abort();
    this.#stop();
    if (this.#looking === undefined) return;
    const waiting = new AbortController();
    const limit = this.#deps.clock.sleep(STOP_LIMIT_MS, waiting.signal).catch(() => undefined);
    await Promise.race([this.#looking, limit]).finally(() => waiting.abort());
  }

  /** Whether this node holds what its group does, as far as anybody knows. */
  get sound(): boolean {
    return !this.#repairing && this.#standing !== 'joined' && this.#deps.digests.differsSince === undefined;
  }

  /** What the others are told; nothing from a node that has yet to get its state. */
  get digest(): StateDigest | undefined {
    return this.#standing === 'joined' ? undefined : this.#deps.digests.latest;
  }

  get view(): StateView {
    return {
      standing: this.#standing ?? 'founded',
      differsSince: this.#deps.digests.differsSince,
      repairing: this.#repairing,
      lastRepair: this.#lastRepair,
    };
  }

  async #look(): Promise<void> {
    const { node, agreed, digests, told } = this.#deps;
    const standpoint = node()?.group.standpoint;
    if (standpoint === undefined || node()?.group.applied === 0) return;
    this.#standing = await agreed.standing();
    const { self, leader, configuration } = standpoint;
    if (this.#standing === 'joined') {
      if (leader !== undefined && leader !== self) await this.#repair(leader, 'it was taken into the group');
      return;
    }
    const own = digests.latest;
    if (own === undefined) return;
    const verdict = judge(self, own, configuration.voters, told);
    if (verdict.kind === 'same') {
      digests.agrees();
      if (this.#standing !== 'agreed') await this.#stands('agreed');
    } else if (verdict.kind === 'differs') {
      digests.differs(own.index);
      await this.#different(own.index, verdict.digest, leader === self ? undefined : leader);
    }
  }

  /** @param leader undefined: this node, or nobody */
  async #different(index: number, right: string, leader: MemberId | undefined): Promise<void> {
    const { node, told } = this.#deps;
    if (this.#standing !== 'agreed') {
      this.#tell(
        { index },
        'this node holds something else than most others and never held the same: nothing is overwritten; stop it, look which state is right, and empty the others',
      );
      return;
    }
    if (node()?.group.standpoint.role === 'leader') {
      this.#tell({ index }, 'this node leads and holds something else than most others: it hands over');
      await node()?.handOver();
      return;
    }
    const its = leader === undefined ? undefined : told(leader);
    if (leader !== undefined && its?.index === index && its.digest === right)
      await this.#repair(leader, `it held something else than most others at entry ${index}`);
    else this.#tell({ index }, 'this node holds something else than most others, and waits for one of them to lead');
  }

  async #repair(leader: MemberId, why: string): Promise<void> {
    const { node, courier, log, audit, clock } = this.#deps;
    const { group } = node() ?? {};
    if (group === undefined) return;
    this.#repairing = true;
    if (this.#attempt !== leader + why) log.warn({ leader, why }, 'this node takes the state of the leader');
    this.#attempt = leader + why;
    try {
      await this.#keepPresent(group.applied);
      const index = await group.replaceState(async (atLeast) =>
        stateIn(await courier.fetch(leader, atLeast, this.#ending.signal)),
      );
      this.#standing = 'agreed';
      this.#said = '';
      this.#keptAt = undefined;
      this.#lastRepair = { atMs: clock.nowMs(), index, from: leader, why };
      log.warn({ leader, index, why }, 'this node has the state of the leader');
      audit(`state of ${leader} taken at entry ${index}: ${why}`);
      await group.takeSnapshot(); // the former ones may hold what was wrong
    } finally {
      this.#repairing = false;
    }
  }

  /** Nothing is overwritten that is not kept somewhere. */
  async #keepPresent(index: number): Promise<void> {
    const { present, directory } = this.#deps;
    if (this.#keptAt === index) return;
    const pieces: Uint8Array[] = [];
    for await (const piece of present()) pieces.push(piece);
    writeFileSync(join(directory, `replaced-${index}.state`), Buffer.concat(pieces), { mode: 0o600 });
    const numbers = readdirSync(directory).flatMap((name) => /^replaced-(\d+)\.state$/.exec(name)?.[1] ?? []);
    for (const old of numbers
      .map(Number)
      .sort((a, b) => b - a)
      .slice(KEPT))
      rmSync(join(directory, `replaced-${old}.state`), { force: true });
    this.#keptAt = index;
  }

  async #stands(standing: Standing): Promise<void> {
    await this.#deps.agreed.stands(standing);
    this.#standing = standing;
    this.#said = '';
  }

  #succeeded(): void {
    this.#failure = '';
    this.#attempt = '';
  }

  /** One that was given up because the node ends is no finding. */
  #failed(reason: string): void {
    if (this.#failure === reason || this.#ending.signal.aborted) return;
    this.#failure = reason;
    this.#deps.log.warn({ reason }, 'the state of this node is not repaired yet');
  }

  /** Once for as long as it stays the same. */
  #tell(fields: object, text: string): void {
    if (this.#said === text) return;
    this.#said = text;
    this.#deps.log.error(fields, text);
  }
}

/** @throws {OrchestratorError} `UNAVAILABLE`: it did not arrive as it was sent */
async function stateIn(backup: Uint8Array): Promise<ForeignState> {
  const pieces: Uint8Array[] = [];
  let head: BackupHead | undefined;
  try {
    await readBackup([backup], {
      head: (read) => {
        head = read;
      },
      snapshot: (piece) => pieces.push(new Uint8Array(piece)),
      entry: () => {},
    });
  } catch (cause) {
    throw new OrchestratorError('UNAVAILABLE', 'the state of the leader did not arrive whole', { cause });
  }
  if (head === undefined) throw new OrchestratorError('UNAVAILABLE', 'the state of the leader has no head');
  return {
    index: head.index,
    term: head.term,
    bytes: (async function* () {
      yield* pieces;
    })(),
  };
}
