// Which server it is that answers: under which name it is filed, and whether it is one that is known from elsewhere.

import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Instance } from '../topology/instance.ts';
import { type InstanceKey, isUsableKey, keyText, sameKey } from '../topology/instance-key.ts';
import type { HostnameResolver } from './hostname-resolver.ts';
import { isSameRun, kinship } from './identity.ts';
import type { Inventory } from './inventory.ts';
import { KnownNames } from './known-names.ts';
import type { Prober } from './ports.ts';

export interface IdentificationDeps {
  readonly prober: Prober;
  readonly inventory: Pick<Inventory, 'get'>;
  readonly hostnames: Pick<HostnameResolver, 'known' | 'learn'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly settings: {
    /** How long another address of a server is remembered. */
    readonly nameExpiryMs: number;
    /** Under which of its own names a server is filed; `none`: under the one it was found by. */
    readonly ownName: 'none' | 'hostname' | 'reportHost';
    readonly suspectTimeoutMs: number;
  };
  /** A server answers at another address than before. */
  readonly onMoved: (from: InstanceKey, to: InstanceKey) => void;
}

export class Identification {
  readonly #deps: IdentificationDeps;
  readonly #names: KnownNames;
  /** Where a UUID was seen last. */
  readonly #byUuid = new Map<string, InstanceKey>();
  readonly #clones = new Set<string>();

  constructor(deps: IdentificationDeps) {
    this.#deps = deps;
    this.#names = new KnownNames({
      nowMs: () => deps.clock.nowMs(),
      expiryMs: () => deps.settings.nameExpiryMs,
    });
  }

  /** Addresses of other servers, each by the name under which that server is known. */
  named(raw: Instance): Instance {
    const { replication, group } = raw;
    const resolve = (key: InstanceKey) => this.resolve(key);
    return {
      ...raw,
      replicaKeys: raw.replicaKeys.map(resolve),
      replication: replication && { ...replication, source: resolve(replication.source) },
      group: group && {
        ...group,
        members: group.members.map(resolve),
        primary: group.primary && resolve(group.primary),
      },
    };
  }

  /**
   * Files a new server under the name it gives itself, provided that it answers there: a name that leads nowhere, or to
   * another server, would lose it.
   */
  async underOwnName(found: InstanceKey, raw: Instance, signal: AbortSignal): Promise<Instance> {
    const { settings, prober, hostnames, log } = this.#deps;
    if (settings.ownName === 'none') return raw;
    const hostname = settings.ownName === 'hostname' ? raw.hostname : raw.reportHost;
    const own = { hostname, port: found.port };
    if (hostname === found.hostname || !isUsableKey(own)) return raw;
    const there = await prober.probe(own, settings.suspectTimeoutMs, signal).catch(() => undefined);
    if (there !== undefined && isSameRun(raw, there)) {
      hostnames.learn(found.hostname, hostname);
      return there;
    }
    prober.forget(own);
    const fields = { instance: keyText(found), name: keyText(own) };
    log.warn(fields, 'a server does not answer under its own name: it is filed under the one it was found by');
    return raw;
  }

  /** The key under which a server at this address is filed; itself, where nothing else is known of it. */
  resolve({ hostname, port }: InstanceKey): InstanceKey {
    return this.#names.resolve({ hostname: this.#deps.hostnames.known(hostname) ?? hostname, port });
  }

  /** A server is the one that carries its UUID, wherever it answers. MariaDB servers carry none. */
  identified(filed: Instance): Instance {
    const { inventory, clock, log, onMoved } = this.#deps;
    const instance = this.named(filed);
    const { key, serverUuid } = instance;
    const former = serverUuid === '' ? undefined : this.#byUuid.get(serverUuid);
    const known = former && inventory.get(former);
    if (serverUuid !== '' && (known === undefined || sameKey(former, key))) this.#byUuid.set(serverUuid, key);
    if (former === undefined || known === undefined || sameKey(former, key)) return instance;
    const fields = { instance: keyText(key), known: keyText(former), serverUuid };
    switch (kinship(known, instance, clock.nowMs())) {
      case 'same':
        log.info(fields, 'another address of a known server');
        this.#names.learn(key, former);
        return { ...instance, key: former };
      case 'moved':
        log.warn(fields, 'a server answers at another address than before');
        this.#names.learn(former, key);
        this.#byUuid.set(serverUuid, key);
        onMoved(former, key);
        return instance;
      case 'clone':
        if (!this.#clones.has(serverUuid))
          log.warn(fields, 'two servers carry the same UUID: one is a copy of the other; give it its own (auto.cnf)');
        this.#clones.add(serverUuid);
        return instance;
    }
  }
}
