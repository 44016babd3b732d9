import type { Command, Stamp } from '../command/command.ts';
import { fuzzyKey } from '../topology/fuzzy-key.ts';
import type { InstanceKey } from '../topology/instance-key.ts';
import { livingMembers, type PoolMember, poolServers, requirePoolName } from '../topology/pools.ts';
import type { Agreement } from './agreement.ts';
import type { Storage } from './ports.ts';

export interface PoolSettings {
  readonly defaultPort: number;
  /** A part of a host name may stand for the one known server that has it. */
  readonly fuzzy: boolean;
  /** How long a server stays in a pool. */
  readonly lifeMs: number;
}

export interface PoolsDeps {
  readonly storage: Pick<Storage, 'poolSubmitted'>;
  readonly agreement: () => Pick<Agreement, 'decide'>;
  /** Servers that are watched. */
  readonly known: () => readonly InstanceKey[];
  /** The key under which a server at this address is filed. */
  readonly canonical: (key: InstanceKey) => InstanceKey;
  /** Has names looked up that nobody has used before. */
  readonly introduce: (hostnames: readonly string[]) => Promise<void>;
  readonly settings: () => PoolSettings;
}

/** Which servers are in which pool, as all nodes know it. */
export class Pools {
  readonly #deps: PoolsDeps;
  #members: readonly PoolMember[];

  constructor(deps: PoolsDeps, restored: readonly PoolMember[]) {
    this.#deps = deps;
    this.#members = restored;
  }

  /** The backend holds another state than memory does: that one counts. */
  reload(members: readonly PoolMember[]): void {
    this.#members = members;
  }

  /** By pool, then by server. Whoever was submitted too long ago is in it no more. */
  list(nowMs: number): readonly PoolMember[] {
    return livingMembers(this.#members, nowMs, this.#deps.settings().lifeMs);
  }

  /**
   * Puts the servers of a comma list into the pool, and takes all others out of it.
   *
   * @throws {OrchestratorError} `BAD_REQUEST`, `INSTANCE_KEY_INVALID`: the pool stays as it was; those of `Agreement.decide`
   */
  async submit(pool: string, list: string): Promise<void> {
    const { agreement, canonical, introduce, known, settings } = this.#deps;
    const { defaultPort, fuzzy } = settings();
    requirePoolName(pool);
    await introduce(poolServers(list, defaultPort, (key) => key).map(({ hostname }) => hostname));
    const meant = (key: InstanceKey) => (fuzzy ? fuzzyKey(canonical(key), known()) : canonical(key));
    await agreement().decide({ op: 'submit-pool-instances', pool, keys: poolServers(list, defaultPort, meant) });
  }

  /** Does what was agreed on. */
  apply({ pool, keys }: Extract<Command, { op: 'submit-pool-instances' }>, { atMs }: Stamp): void {
    const others = this.list(atMs).filter((member) => member.pool !== pool);
    this.#members = [...others, ...keys.map((key) => ({ pool, key, registeredMs: atMs }))];
    this.#deps.storage.poolSubmitted(pool, keys);
  }
}
