import { type InstanceKey, keyText } from '../topology/instance-key.ts';

/** Other addresses of servers, each remembered for a while only: an address can be given to another server. */
export class KnownNames {
  readonly #keys = new Map<string, { readonly key: InstanceKey; readonly untilMs: number }>();
  readonly #deps: { readonly nowMs: () => number; readonly expiryMs: () => number };

  constructor(deps: { readonly nowMs: () => number; readonly expiryMs: () => number }) {
    this.#deps = deps;
  }

  learn(other: InstanceKey, key: InstanceKey): void {
    this.#keys.delete(keyText(key));
    this.#keys.set(keyText(other), { key, untilMs: this.#deps.nowMs() + this.#deps.expiryMs() });
  }

  /** The key under which this address is known; itself, where nothing else is known of it. */
  resolve(key: InstanceKey): InstanceKey {
    const known = this.#keys.get(keyText(key));
    if (known === undefined) return key;
    if (known.untilMs > this.#deps.nowMs()) return known.key;
    this.#keys.delete(keyText(key));
    return key;
  }
}
