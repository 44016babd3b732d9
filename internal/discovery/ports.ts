import type { Instance } from '../topology/instance.ts';
import type { InstanceKey } from '../topology/instance-key.ts';

/** Asks the name service. Rejects where it does not know the name or does not answer. */
export interface NameService {
  canonicalName(hostname: string): Promise<string>;
  address(hostname: string): Promise<string>;
}

export interface Prober {
  probe(key: InstanceKey, timeoutMs: number, signal: AbortSignal): Promise<Instance>;
  /** Ends the held connection of a server that is no longer watched. */
  forget(key: InstanceKey): void;
}
