// Which server and which cluster a command is about. A hint that leads nowhere ends the command: nothing is guessed.

import { OrchestratorError } from '../runtime/errors.ts';
import { type ClusterSnapshot, memberOf } from '../topology/cluster.ts';
import { clusterOfAlias } from '../topology/cluster-choice.ts';
import { fuzzyKey } from '../topology/fuzzy-key.ts';
import type { WatchedInstance } from '../topology/instance.ts';
import { type InstanceKey, keyText, parseKey, sameKey } from '../topology/instance-key.ts';

export interface SelectionDeps {
  readonly snapshots: () => readonly ClusterSnapshot[];
  /** Host names and what they were resolved to. */
  readonly resolved: ReadonlyMap<string, string>;
  readonly defaultPort: number;
  /** The host this process runs on: meant where no instance is named. */
  readonly ownHost: string;
  /** As given; empty where not given. */
  readonly instance: string;
  readonly destination: string;
  readonly alias: string;
}

export interface Member {
  readonly snapshot: ClusterSnapshot;
  readonly watched: WatchedInstance;
}

export class Selection {
  readonly #deps: SelectionDeps;

  constructor(deps: SelectionDeps) {
    this.#deps = deps;
  }

  /** The server of `-i`, else this host. */
  key(): InstanceKey {
    return this.#known(this.exactKey());
  }

  /** The server of `-i` exactly as it was given. */
  exactKey(): InstanceKey {
    const { instance, ownHost, defaultPort } = this.#deps;
    return parseKey(instance === '' ? ownHost : instance, defaultPort);
  }

  /** @throws {OrchestratorError} `NOT_FOUND`: the backend does not know the server */
  member(key: InstanceKey = this.key()): Member {
    const found = this.find(key);
    if (found === undefined) throw new OrchestratorError('NOT_FOUND', `Unknown instance: ${keyText(key)}`);
    return found;
  }

  find(key: InstanceKey): Member | undefined {
    for (const snapshot of this.#deps.snapshots()) {
      const watched = memberOf(snapshot, key);
      if (watched !== undefined) return { snapshot, watched };
    }
    return undefined;
  }

  /** The server of `-d` or `-s`; undefined where none was given. */
  destination(): InstanceKey | undefined {
    const { destination, defaultPort } = this.#deps;
    return destination === '' ? undefined : this.#known(parseKey(destination, defaultPort));
  }

  /**
   * By `-alias` (name, then alias), else of `-i`, else of this host.
   *
   * @throws {OrchestratorError} `NOT_FOUND`: there is no such cluster
   */
  cluster(): ClusterSnapshot {
    const found = this.optionalCluster();
    if (found === undefined)
      throw new OrchestratorError('NOT_FOUND', 'Unable to determine cluster: name it with -alias or -i');
    return found;
  }

  /** Undefined only where no hint was given and this host belongs to no cluster. */
  optionalCluster(): ClusterSnapshot | undefined {
    const { alias, instance, ownHost, defaultPort, snapshots } = this.#deps;
    if (alias !== '') {
      const named = snapshots().find(({ name }) => name === alias) ?? clusterOfAlias(snapshots(), alias);
      if (named === undefined) throw new OrchestratorError('NOT_FOUND', `Unable to determine cluster: -alias ${alias}`);
      return named;
    }
    if (instance !== '') return this.member().snapshot;
    return this.find(this.#known(parseKey(ownHost, defaultPort)))?.snapshot;
  }

  /** The known server that is meant: by this name, by the one that this was resolved to, or by a part of exactly one. */
  #known(key: InstanceKey): InstanceKey {
    const known = this.#deps.snapshots().flatMap(({ members }) => members.map(({ instance }) => instance.key));
    const resolved = { ...key, hostname: this.#deps.resolved.get(key.hostname) ?? key.hostname };
    const exact = [key, resolved].find((one) => known.some((other) => sameKey(one, other)));
    return exact ?? fuzzyKey(resolved, known);
  }
}

/** Of the servers that these texts name; of what names none, nothing: whoever needs it says so. */
export function hostnamesOf(texts: readonly string[], defaultPort: number): readonly string[] {
  return texts.flatMap((text) => {
    try {
      return text === '' ? [] : [parseKey(text, defaultPort).hostname];
    } catch {
      return [];
    }
  });
}

/** `-i` may name several, separated by commas or white space. */
export function instancesOf(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((one) => one !== '');
}
