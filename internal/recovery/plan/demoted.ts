import type { Instance } from '../../topology/instance.ts';
import { bothKnowGtids } from './place.ts';

/** Whether a replaced primary can follow its successor by file and position alone: without GTIDs on both, MySQL knows no other way. */
export function byPosition(old: Instance, successor: Instance): boolean {
  return old.family === 'mysql' && successor.replication?.gtid === 'none' && !bothKnowGtids(old, successor);
}
