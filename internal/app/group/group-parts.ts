// What makes the orchestrator of a node alone one of a group: it agrees with the others, and its storage notes up to where
// it has followed them.

import type { Backend } from '../../backend/backend.ts';
import { pathsIn } from '../../raft/store/directory.ts';
import { DamageFound } from '../../raft/store/failures.ts';
import { nodeFiles } from '../../raft/store/files.ts';
import { readIdentity } from '../../raft/store/identity.ts';
import { OrchestratorError } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { InstanceKey } from '../../topology/instance-key.ts';
import type { Agreement, Apply } from '../agreement.ts';
import type { Storage } from '../ports.ts';
import { AgreedStorage } from './agreed-storage.ts';
import { DigestWatch } from './digest-watch.ts';
import { GroupMachine } from './group-machine.ts';
import { InGroup } from './in-group.ts';
import { GroupPeers } from './peers.ts';

const DIGEST_EVERY_ENTRIES = 1024;

export class GroupParts {
  readonly agreement: InGroup;
  readonly digests: DigestWatch;
  readonly peers = new GroupPeers();
  readonly #backend: Backend;
  readonly #directory: string;
  #agreedStorage: AgreedStorage | undefined;
  #apply: Apply | undefined;

  /**
   * @param directory `RaftDataDir`
   * @param node how this node is called
   */
  constructor(backend: Backend, directory: string, node: string, log: Log) {
    this.#backend = backend;
    this.#directory = directory;
    this.agreement = new InGroup(node);
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
   * @throws {OrchestratorError} `CONFLICT`: directory and backend are of two groups
   */
  async applied(): Promise<number> {
    const position = await this.#backend.agreed.position();
    const clusterId = this.#clusterId();
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
      clusterId: () => this.#clusterId() ?? '',
      digests: this.digests,
      ...{ servers, reload },
    });
  }

  #clusterId(): string | undefined {
    try {
      return readIdentity(nodeFiles, pathsIn(this.#directory).identity)?.clusterId;
    } catch (err) {
      if (err instanceof DamageFound) return undefined; // the node says so when it starts
      throw err;
    }
  }
}
