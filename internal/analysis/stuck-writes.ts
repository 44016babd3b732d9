import type { BinlogCoordinates } from '../topology/instance.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';

/**
 * Remembers since when a primary that lacks semi-sync replicas has not written anything to its binary log. Only then a
 * missing acknowledgement is taken for a lock: a primary that still writes has fallen back to asynchronous replication.
 */
export class StuckWrites {
  readonly #since = new Map<string, BinlogCoordinates & { readonly atMs: number }>();

  /** One more look: `waiting` while the primary has fewer acknowledging replicas than it waits for. */
  look(key: InstanceKey, waiting: boolean, { file, position }: BinlogCoordinates, nowMs: number): void {
    const text = keyText(key);
    const known = this.#since.get(text);
    if (!waiting) this.#since.delete(text);
    else if (known?.file !== file || known.position !== position)
      this.#since.set(text, { file, position, atMs: nowMs });
  }

  isStuck(key: InstanceKey, nowMs: number, afterMs: number): boolean {
    const known = this.#since.get(keyText(key));
    return known !== undefined && nowMs - known.atMs > afterMs;
  }
}
