// Hosts for programs that talk to each other, on one machine, with links that a test can break: each a network namespace where the
// system lets us make some, otherwise an address of loopback with relays in between.

import type { Program } from './agent-process.ts';
import { LoopbackNetwork } from './loopback.ts';
import { canMakeNamespaces, NamespaceNetwork } from './namespaces.ts';
import type { Endpoint } from './told.ts';

export interface Host {
  readonly name: string;
  /** What programs on it listen on. */
  readonly bind: string;
  /** What other hosts dial. */
  readonly address: string;
  run(file: string, args: readonly string[], log: string): Promise<Program>;
  /** Runs a program to its end. @throws {Error} with what it wrote, where that is not a good one */
  runs(file: string, args: readonly string[]): Promise<void>;
  /** Where the test itself reaches this port of the host, whatever is cut, as `host:port`. */
  door(port: number): Promise<string>;
  /** Has `127.0.0.1:port` on this host lead to a server outside, over a link to `name` that can be cut. */
  lead(name: string, port: number, to: Endpoint): Promise<void>;
}

export interface Network {
  readonly kind: 'namespaces' | 'loopback';
  readonly hosts: readonly Host[];
  /** Whether links to servers outside can be cut. */
  readonly cutsServers: boolean;
  /** What `from` sends does not reach `to` any more, silently; names of hosts, or of what was led to. */
  cut(from: readonly string[], to: readonly string[]): Promise<void>;
  /** Everything reaches everybody again. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

/** @param ports of each host that the others dial */
export async function openNetwork(count: number, ports: readonly number[]): Promise<Network> {
  const no = canMakeNamespaces();
  if (no === undefined) return NamespaceNetwork.open(count);
  console.log(`no network namespaces (${no}): hosts are addresses of loopback with relays between them`);
  return LoopbackNetwork.open(count, ports);
}
