import type { Mutant } from './mutant.ts';

/**
 * Broken builds, each of which the simulation must catch (T-10); one that survives means that it is blind there. A line that is reformatted
 * or reworded in the core has to be so here: a mutant that does not apply fails its test.
 */
export const MUTANTS: readonly Mutant[] = [
  {
    bug: 'a message leaves before term and vote are durable',
    file: 'outbox',
    find: "vouches === 'log' ? ledger.lastId : ledger.hardStateId",
    put: "vouches === 'log' ? ledger.lastId : 0",
  },
  {
    bug: 'entries are accepted before they are durable',
    file: 'outbox',
    find: "vouches === 'log' ? ledger.lastId : ledger.hardStateId",
    put: 'ledger.hardStateId',
  },
  {
    bug: 'the leader counts itself before its own entry is durable',
    file: 'commit',
    find: 'id === self ? ledger.durableIndex',
    put: 'id === self ? log.lastIndex',
  },
  {
    bug: 'entries of an earlier term are counted',
    file: 'commit',
    find: 'index <= state.commit || log.termAt(index) !== state.term',
    put: 'index <= state.commit',
  },
  {
    bug: 'the last entry of a log is not compared in an election',
    file: 'log',
    find: 'index >= this.lastIndex)',
    put: 'true)',
  },
  {
    bug: 'a second vote is given in the same term',
    file: 'election',
    find: 'state.vote === undefined || state.vote === from;',
    put: 'true;',
  },
];
