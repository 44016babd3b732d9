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

/** How long somebody who names a server may be kept waiting for the name service, ms. */
export const INTRODUCED_MS = 2_000;

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
  /** Names that could not be looked up, last. */
  readonly #failed = new Set<string>();
  /** Names that were looked up, last with an answer that is not believed. */
  readonly #disbelieved = new Set<string>();
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

  /**
   * Whether nobody can say what the name stands for: it was asked for in vain, or has not been answered yet. What another name was found to
   * stand for needs no answer of its own.
   */
  isUnresolved(hostname: string): boolean {
    if (this.known(hostname) !== undefined && !this.#failed.has(hostname)) return false;
    return !this.#disbelieved.has(hostname) && !this.#virtual.has(hostname) && !this.#isAnswer(hostname);
  }

  /** Looks the name up, once for all who ask meanwhile. A name that cannot be resolved stands for itself. */
  resolve(hostname: string): Promise<string> {
    const running = this.#lookups.get(hostname);
    if (running !== undefined) return running;
    const lookup = this.#lookUp(hostname).finally(() => this.#lookups.delete(hostname));
    this.#lookups.set(hostname, lookup);
    return lookup;
  }

  /**
   * Asks for those of the names that nobody has asked for yet, so that `known` has an answer. Over after `limitMs`: a name service that
   * does not answer holds nobody up for longer, and what it says later is kept.
   */
  async introduce(hostnames: readonly string[], limitMs: number): Promise<void> {
    const strangers = new Set(hostnames.filter((hostname) => this.known(hostname) === undefined));
    if (strangers.size === 0) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#deps.clock.after(limitMs, resolve);
      Promise.all([...strangers].map((hostname) => this.resolve(hostname)))
        .finally(cancel)
        .then(() => resolve());
    });
  }

  /** A server that was reached under one name calls itself by another. */
  learn(given: string, resolved: string): void {
    if (resolved === '' || this.#rejected(resolved)) return;
    this.#failed.delete(given);
    this.#keep(given, resolved);
  }

  /** All canonical names that replicas are to be told another name for. */
  setVirtualNames(names: ReadonlyMap<string, string>): void {
    const usable = [...names].filter(([canonical, virtual]) => virtual !== '' && virtual !== canonical);
    this.#virtual = new Map(usable);
    this.#behindVirtual = new Map(usable.map(([canonical, virtual]) => [virtual, canonical]));
  }

  /** One of them. @param virtual empty: none any more */
  setVirtualName(canonical: string, virtual: string): void {
    this.setVirtualNames(new Map(this.#virtual).set(canonical, virtual));
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
    this.#failed.clear();
    this.#disbelieved.clear();
  }

  async #lookUp(hostname: string): Promise<string> {
    const { settings, names, clock, log } = this.#deps;
    try {
      const found = settings.method === 'ip' ? await names.address(hostname) : await names.canonicalName(hostname);
      const resolved = found.replace(/\.+$/, '');
      this.#failed.delete(hostname);
      if (resolved === '' || this.#rejected(resolved)) {
        this.#disbelieved.add(hostname);
        return hostname;
      }
      this.#keep(hostname, resolved);
      return resolved;
    } catch (err) {
      const resolved = this.#cache.get(hostname)?.resolved ?? hostname;
      this.#disbelieved.delete(hostname);
      if (resolved === hostname) this.#failed.add(hostname);
      this.#cache.set(hostname, { resolved, expiresMs: clock.nowMs() + FAILED_LOOKUP_MS });
      log.warn({ hostname, err: errorText(err) }, 'host name cannot be resolved');
      return resolved;
    }
  }

  #keep(given: string, resolved: string): void {
    const { settings, clock, onLearnt } = this.#deps;
    this.#disbelieved.delete(given);
    const before = this.#cache.get(given) ?? { resolved: given, expiresMs: Number.POSITIVE_INFINITY };
    this.#cache.set(given, { resolved, expiresMs: clock.nowMs() + settings.expiryMs });
    const renewed = before.expiresMs <= clock.nowMs() && given !== resolved;
    if (settings.method !== 'none' && (renewed || before.resolved !== resolved)) onLearnt?.(given, resolved);
  }

  #isAnswer(hostname: string): boolean {
    return [...this.#cache].some(([given, { resolved }]) => resolved === hostname && given !== hostname);
  }

  #rejected(resolved: string): boolean {
    return compileGoRegexp(this.#deps.settings.rejectPattern)?.test(resolved) ?? false;
  }
}
