import type { Op } from '../../command/command.ts';

/** They stand in rows that are read as a whole. */
const WORDS: ReadonlySet<Op> = new Set<Op>([
  'begin-downtime',
  'end-downtime',
  'register-candidate',
  'maintenance-begin',
  'maintenance-end',
  'set-cluster-alias-manual-override',
  'disable-global-recoveries',
  'enable-global-recoveries',
]);

/** They are done as they were said. */
const DEEDS: ReadonlySet<Op> = new Set<Op>(['discover', 'forget', 'forget-cluster', 'ack-recovery', 'put-key-value']);

export const isWord = (op: Op): boolean => WORDS.has(op);

/** What an operator may ask of any node. */
export const isWish = (op: Op): boolean => WORDS.has(op) || DEEDS.has(op);
