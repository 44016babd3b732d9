import { OrchestratorError } from '../../runtime/errors.ts';
import { formatAddress } from '../address.ts';
import type { Layout } from '../layout.ts';

/** Ids of nodes, sorted. In a static group they are the texts of the addresses (C-22). */
export interface Founders {
  readonly self: string;
  readonly nodes: readonly string[];
  /** Those that must consent, all of them. */
  readonly founders: readonly string[];
}

/**
 * All of the list by default; with a lower `RaftBootstrapExpect` the first of them in the order of their names, so that every node means the
 * same ones. The others join.
 *
 * @param bootstrapExpect 0 where the key is not set
 * @throws {OrchestratorError} `CONFIG_INVALID`: less than a majority of the list, or more than all of it (F-12)
 */
export function foundersOf(layout: Exclude<Layout, { kind: 'discovered' }>, bootstrapExpect: number): Founders {
  const self = formatAddress(layout.kind === 'single' ? layout.advertise : layout.self);
  const nodes = layout.kind === 'single' ? [self] : layout.nodes.map(formatAddress).toSorted();
  const expected = bootstrapExpect === 0 ? nodes.length : bootstrapExpect;
  const majority = Math.floor(nodes.length / 2) + 1;
  if (expected < majority || expected > nodes.length)
    throw new OrchestratorError(
      'CONFIG_INVALID',
      `RaftBootstrapExpect is ${expected}, and RaftNodes names ${nodes.length}: leave it out to wait for all of them, or set it to ${majority} at least and ${nodes.length} at most`,
    );
  return { self, nodes, founders: nodes.slice(0, expected) };
}
