import type { Instance } from '../topology/instance.ts';
import type { InstanceKey } from '../topology/instance-key.ts';

export interface Prober {
  probe(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<Instance>;
  /** Ends the held connection of a server that is no longer watched. */
  forget(key: InstanceKey): void;
}
