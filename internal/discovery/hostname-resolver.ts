import type { Clock } from '../runtime/clock.ts';
import { errorText } from '../runtime/errors.ts';
import { compileGoRegexp } from '../runtime/go-regexp.ts';
import type { Log } from '../runtime/log.ts';
import { isDetachedHost } from '../topology/instance-key.ts';
import type { NameService } from './ports.ts';

export interface HostnameSettings {
  /** `none`, `default`: names are looked up nowhere; what servers say of themselves is remembered all the same. */
  readonly method: 'none' | 'default' | 'cname' | 'ip';
  /** A canonical name that matches is not believed; empty: all are. */
  readonly rejectPattern: string;
  /** After this long a name is looked up again. */
  readonly expiryMs: number;
}

export interface ResolvedName {
  readonly given: string;
  readonly resolved: string;
  readonly expiresMs: number;
}

/** A lookup that failed is tried again after this long, not with every probe. */
const FAILED_LOOKUP_MS = 60_000;

/**
 * Brings host names to the one form under which a server is filed. Nobody ever waits for a name that was known before: an
 * expired answer is used until a newer one has come, since a name service may fail together with what has to be failed over.
 */
export class HostnameResolver {
  readonly #deps: {
    readonly settings: HostnameSettings;
    readonly names: NameService;
    readonly clock: Clock;
    readonly log: Log;
    readonly onLearnt?: (given: string, resolved: string) => void;
  };
  readonly #cache = new Map<string, { readonly resolved: string; readonly expiresMs: number }>();
  readonly #lookups = new Map<string, Promise<string>>();
  /** Names that replicas are told in place of canonical ones, and the way back. */
  #virtual: ReadonlyMap<string, string> = new Map();
  #behindVirtual: ReadonlyMap<string, string> = new Map();

  constructor(deps: {
    readonly settings: HostnameSettings;
    readonly names: NameService;
    readonly clock: Clock;
    readonly log: Log;
    /** A name stands for another one than before, or still does after its time. Not with method `none`. */
    readonly onLearnt?: (given: string, resolved: string) => void;
  }) {
    this.#deps = deps;
  }

  /** What a former process knew: used at once, and looked up again where names are looked up at all. */
  restore(names: ReadonlyMap<string, string>): void {
    const { clock, settings } = this.#deps;
    if (settings.method === 'none') return;
    const expiresMs = clock.nowMs();
    for (const [given, resolved] of names)
      if (resolved !== '' && !this.#rejected(resolved)) this.#cache.set(given, { resolved, expiresMs });
  }

  /** What the name is known as; undefined: nobody has asked yet. */
  known(hostname: string): string | undefined {
    if (hostname === '' || isDetachedHost(hostname) || hostname.includes(',')) return hostname;
    const { settings, clock } = this.#deps;
    const behind = this.#behindVirtual.get(hostname);
    if (behind !== undefined) return behind;
    const cached = this.#cache.get(hostname);
    const looksUp = settings.method === 'cname' || settings.method === 'ip';
    if (cached !== undefined && cached.expiresMs <= clock.nowMs()) {
      if (looksUp) void this.resolve(hostname);
      else this.#keep(hostname, cached.resolved); // the word of a server counts as long as it is needed
    }
    return cached?.resolved ?? (looksUp ? undefined : hostname);
  }

  /** Looks the name up, once for all who ask meanwhile. A name that cannot be resolved stands for itself. */
  resolve(hostname: string): Promise<string> {
    const running = this.#lookups.get(hostname);
    if (running !== undefined) return running;
    const lookup = this.#lookUp(hostname).finally(() => this.#lookups.delete(hostname));
    this.#lookups.set(hostname, lookup);
    return lookup;
  }

  /** A server that was reached under one name calls itself by another. */
  learn(given: string, resolved: string): void {
    if (resolved !== '' && !this.#rejected(resolved)) this.#keep(given, resolved);
  }

  /** All canonical names that replicas are to be told another name for. */
  setVirtualNames(names: ReadonlyMap<string, string>): void {
    const usable = [...names].filter(([canonical, virtual]) => virtual !== '' && virtual !== canonical);
    this.#virtual = new Map(usable);
    this.#behindVirtual = new Map(usable.map(([canonical, virtual]) => [virtual, canonical]));
  }

  /** What replicas are told to connect to in place of this host; undefined: the host itself. */
  virtualName(hostname: string): string | undefined {
    return this.#virtual.get(hostname);
  }

  entries(): readonly ResolvedName[] {
    return [...this.#cache].map(([given, rest]) => ({ given, ...rest })).sort((a, b) => (a.given < b.given ? -1 : 1));
  }

  reset(): void {
    this.#cache.clear();
  }

  async #lookUp(hostname: string): Promise<string> {
    const { settings, names, clock, log } = this.#deps;
    try {
      const found = settings.method === 'ip' ? await names.address(hostname) : await names.canonicalName(hostname);
      const resolved = found.replace(/\.+$/, '');
      if (resolved === '' || this.#rejected(resolved)) return hostname;
      this.#keep(hostname, resolved);
      return resolved;
    } catch (err) {
      const resolved = this.#cache.get(hostname)?.resolved ?? hostname;
      this.#cache.set(hostname, { resolved, expiresMs: clock.nowMs() + FAILED_LOOKUP_MS });
      log.warn({ hostname, err: errorText(err) }, 'host name cannot be resolved');
      return resolved;
    }
  }

  #keep(given: string, resolved: string): void {
    const { settings, clock, onLearnt } = this.#deps;
    const before = this.#cache.get(given) ?? { resolved: given, expiresMs: Number.POSITIVE_INFINITY };
    this.#cache.set(given, { resolved, expiresMs: clock.nowMs() + settings.expiryMs });
    const renewed = before.expiresMs <= clock.nowMs() && given !== resolved;
    if (settings.method !== 'none' && (renewed || before.resolved !== resolved)) onLearnt?.(given, resolved);
  }

  #rejected(resolved: string): boolean {
    return compileGoRegexp(this.#deps.settings.rejectPattern)?.test(resolved) ?? false;
  }
}
