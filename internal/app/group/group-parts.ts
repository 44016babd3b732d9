// What makes the orchestrator of a node alone one of a group: it agrees with the others, and its storage notes up to where
// it has followed them.

import type { Backend } from '../../backend/backend.ts';
import { pathsIn } from '../../raft/store/directory.ts';
import { DamageFound } from '../../raft/store/failures.ts';
import { nodeFiles } from '../../raft/store/files.ts';
import { type Identity, memberIdOf, readIdentity } from '../../raft/store/identity.ts';
import type { Clock } from '../../runtime/clock.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { InstanceKey } from '../../topology/instance-key.ts';
import type { Agreement, Apply } from '../agreement.ts';
import type { Storage } from '../ports.ts';
import { AgreedStorage } from './agreed-storage.ts';
import { DigestWatch } from './digest-watch.ts';
import { GroupMachine } from './group-machine.ts';
import { InGroup, type OnDecided } from './in-group.ts';
import { GroupPeers } from './peers.ts';

const DIGEST_EVERY_ENTRIES = 1024;
/** Members send word twice in an election time-out. */
const SILENT_TIMEOUTS = 1.5;

export interface GroupPartsOptions {
  /** `RaftDataDir`. */
  readonly directory: string;
  /** How this node is called. */
  readonly node: string;
  readonly electionTimeoutMs: number;
}

export class GroupParts {
  readonly agreement: InGroup;
  readonly digests: DigestWatch;
  readonly peers: GroupPeers;
  readonly #backend: Backend;
  readonly #directory: string;
  #agreedStorage: AgreedStorage | undefined;
  #apply: Apply | undefined;

  constructor(
    backend: Backend,
    { directory, node, electionTimeoutMs }: GroupPartsOptions,
    { clock, log, onDecided }: { readonly clock: Clock; readonly log: Log; readonly onDecided: OnDecided },
  ) {
    this.peers = new GroupPeers(clock, SILENT_TIMEOUTS * electionTimeoutMs);
    this.#backend = backend;
    this.#directory = directory;
    this.agreement = new InGroup(node, clock, onDecided);
    this.digests = new DigestWatch({
      digest: () => backend.agreed.digest(),
      leads: () => this.agreement.mayAct,
      decide: (command) => this.agreement.decide(command),
      everyEntries: DIGEST_EVERY_ENTRIES,
      log,
    });
  }

  /**
   * Index that the backend holds everything up to (C-123). A new directory begins at the beginning, whatever the backend
   * knows: this node may have said things that it does not remember.
   *
   * @param nodeId name of this node, where its directory is new
   * @param adopt a backend that was copied from another node becomes that of this one (C-125)
   * @throws {OrchestratorError} `CONFLICT`: directory and backend are of two groups, or the backend is that of another node
   */
  async applied(nodeId: string, adopt: boolean): Promise<number> {
    const position = await this.#backend.agreed.position();
    const own = this.#identity()?.nodeId ?? nodeId; // a node keeps its name where its address is another
    if (position !== undefined && position.nodeId !== '' && position.nodeId !== own) {
      if (!adopt)
        throw new OrchestratorError(
          'CONFLICT',
          `the backend is that of node ${position.nodeId}, and this is ${own}: give each node a backend of its own; one that was copied on purpose is taken over with -adopt-backend`,
        );
      await this.#backend.agreed.adopt(own);
    }
    const clusterId = this.#identity()?.clusterId;
    if (position === undefined || clusterId === undefined) return 0;
    if (position.clusterId === clusterId) return position.index;
    throw new OrchestratorError(
      'CONFLICT',
      `RaftDataDir ${this.#directory} is of group ${clusterId}, the backend of group ${position.clusterId}: a node has one of each for itself; correct the path, or empty RaftDataDir to join anew`,
    );
  }

  storageOn(local: Storage): Storage {
    this.#agreedStorage = new AgreedStorage(local, this.#backend.agreed);
    return this.#agreedStorage.storage;
  }

  agreementOn(apply: Apply): Agreement {
    this.#apply = apply;
    return this.agreement;
  }

  /** Once the orchestrator was built with the two above. */
  machine(servers: () => readonly InstanceKey[], reload: (servers: readonly InstanceKey[]) => Promise<void>) {
    if (this.#agreedStorage === undefined || this.#apply === undefined)
      throw new Error('the state machine needs the orchestrator that it changes');
    return new GroupMachine({
      apply: this.#apply,
      agreedStorage: this.#agreedStorage,
      agreed: this.#backend.agreed,
      clusterId: () => this.#identity()?.clusterId ?? '',
      self: () => {
        const identity = this.#identity();
        return identity && memberIdOf(identity);
      },
      digests: this.digests,
      ...{ servers, reload },
    });
  }

  #identity(): Identity | undefined {
    try {
      return readIdentity(nodeFiles, pathsIn(this.#directory).identity);
    } catch (err) {
      if (err instanceof DamageFound) return undefined; // the node says so when it starts
      throw err;
    }
  }
}
