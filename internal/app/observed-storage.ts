import type { RecoveryRecord } from '../recovery/book.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Storage } from './ports.ts';
import { FIRST_SCRIPTS_NUMBER } from './scripts-left.ts';

export interface RecoveryWatcher {
  /** A recovery ended. */
  recovered(record: RecoveryRecord): void;
  /** A step of a recovery ended; `phase` is one of a few words: `freeze`, `drain`, `promote` and so on. */
  stepped(phase: string, ok: boolean, durationMs: number): void;
}

/** Tells of what recoveries do while it is being stored, whether or not the backend takes it. */
export function observedStorage(storage: Storage, watcher: RecoveryWatcher, clock: Clock): Storage {
  const begun = new Map<string, number>();
  const told = new Set<string>();
  return {
    ...storage,
    closed: (record) => {
      if (!told.has(record.uid)) watcher.recovered(record); // closed again when a script behind it fails
      told.add(record.uid);
      return storage.closed(record);
    },
    stepStarted: (uid, number, text) => {
      if (number < FIRST_SCRIPTS_NUMBER) begun.set(`${uid} ${number}`, clock.monotonicMs());
      return storage.stepStarted(uid, number, text);
    },
    stepEnded: (uid, number, text, result) => {
      const startedMs = begun.get(`${uid} ${number}`);
      begun.delete(`${uid} ${number}`);
      if (startedMs !== undefined)
        watcher.stepped(phaseOf(text), result.error === undefined, clock.monotonicMs() - startedMs);
      return storage.stepEnded(uid, number, text, result);
    },
  };
}

/** Of the words that stand in the journal, those before the servers. */
function phaseOf(text: string): string {
  return text.startsWith('catch up ') ? 'catch up' : (text.split(' ')[0] ?? '');
}
