import type { RecoveryRecord } from '../../recovery/book.ts';

export interface NumberedRecovery {
  readonly id: number;
  readonly record: RecoveryRecord;
}

/** Recoveries, newest first, with the numbers that people name them by: the oldest that is known has number 1. */
export function numbered(records: readonly RecoveryRecord[]): readonly NumberedRecovery[] {
  return records.map((record, index) => ({ id: records.length - index, record }));
}
