// What a name in a path, a query or a body means. Exactly what is called so, and nothing that is merely like it: a change must not hit another
// server than the one that was meant.

import { errorText, OrchestratorError } from '../../runtime/errors.ts';
import { type ClusterSnapshot, memberOf } from '../../topology/cluster.ts';
import { clusterOfAlias } from '../../topology/cluster-choice.ts';
import { type InstanceKey, keyText, parseKey } from '../../topology/instance-key.ts';
import type { Listed } from '../../topology/listing.ts';
import type { HttpSettings, Services } from '../ports.ts';
import type { Asked } from './call.ts';
import { Refused } from './problem.ts';

/** Longest name that DNS knows. */
const HOST_LIMIT = 255;
/** Members of paths and bodies that name servers. */
const NAMING = new Set(['server', 'servers', 'successor', 'below', 'sibling']);

export class Lookup {
  readonly #services: Pick<Services, 'snapshots' | 'canonical' | 'introduce'>;
  readonly #settings: Pick<HttpSettings, 'defaultPort'>;

  constructor(
    services: Pick<Services, 'snapshots' | 'canonical' | 'introduce'>,
    settings: Pick<HttpSettings, 'defaultPort'>,
  ) {
    this.#services = services;
    this.#settings = settings;
  }

  /** A server, known or not, under the name that it is filed by. @throws {Refused} `INSTANCE_KEY_INVALID` */
  key(server: string): InstanceKey {
    return this.#services.canonical(this.given(server));
  }

  /** As it was given. @throws {Refused} `INSTANCE_KEY_INVALID` */
  given(server: string): InstanceKey {
    try {
      const key = parseKey(server, this.#settings.defaultPort);
      // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not stand in a host name
      if (key.hostname.length <= HOST_LIMIT && !/[\u0000-\u001f\u007f]/.test(key.hostname)) return key;
    } catch (err) {
      if (!(err instanceof OrchestratorError)) throw err;
      throw new Refused('INSTANCE_KEY_INVALID', errorText(err));
    }
    throw new Refused('INSTANCE_KEY_INVALID', `not a host:port: "${server}"`);
  }

  /** So that `key` knows what the servers of a request stand for, by whatever name they are called there. */
  async introduce({ path, body }: Pick<Asked, 'path' | 'body'>): Promise<void> {
    const texts = [path, body].flatMap((part) =>
      Object.entries(part ?? {}).flatMap(([name, value]) => (NAMING.has(name) ? [value].flat() : [])),
    );
    const hostnames = texts.flatMap((text) => (typeof text === 'string' ? this.#hostnameOf(text) : []));
    await this.#services.introduce(hostnames);
  }

  #hostnameOf(server: string): readonly string[] {
    try {
      return [this.given(server).hostname];
    } catch {
      return []; // whoever asks for it says so
    }
  }

  /** @throws {Refused} `NOT_FOUND` */
  member(server: string): Listed {
    const key = this.key(server);
    for (const snapshot of this.#services.snapshots()) {
      const watched = memberOf(snapshot, key);
      if (watched !== undefined) return { snapshot, watched };
    }
    throw new Refused('NOT_FOUND', `no server is known as ${keyText(key)}`);
  }

  /** By its name, its alias, or one of its servers. @throws {Refused} `NOT_FOUND` */
  cluster(name: string): ClusterSnapshot {
    const snapshots = this.#services.snapshots();
    const found =
      snapshots.find((snapshot) => snapshot.name === name) ??
      clusterOfAlias(snapshots, name) ??
      this.#clusterOf(name, snapshots);
    if (found === undefined) throw new Refused('NOT_FOUND', `no cluster is known as ${name.slice(0, HOST_LIMIT)}`);
    return found;
  }

  #clusterOf(server: string, snapshots: readonly ClusterSnapshot[]): ClusterSnapshot | undefined {
    try {
      const key = this.key(server);
      return snapshots.find((snapshot) => memberOf(snapshot, key) !== undefined);
    } catch {
      return undefined; // not a server either
    }
  }
}
