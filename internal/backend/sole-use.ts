import Database from 'better-sqlite3';
import { OrchestratorError } from '../runtime/errors.ts';
import { sqliteFailure } from './sqlite/failures.ts';

/** Long enough for a process that is just ending, or for a command that notes something down. */
const WAIT_MS = 2_000;

/**
 * The right to act on what an SQLite backend holds: one process has it at a time. It is the kernel's lock on a file beside the
 * data file, so it ends with the process, however that ends. Reading needs none. The caller keeps the object: when nothing refers
 * to it any more the garbage collector closes the file, and the lock is gone.
 */
export class SoleUse {
  readonly #lock: Database.Database;

  private constructor(lock: Database.Database) {
    this.#lock = lock;
  }

  /** Waits for another holder for a moment. @throws {OrchestratorError} `CONFLICT`: another process has it; `BACKEND_FAILED` */
  static take(file: string): SoleUse {
    const shared = file !== '' && file !== ':memory:';
    const lock = open(shared ? `${file}-owner` : ':memory:', file);
    try {
      lock.exec('BEGIN EXCLUSIVE');
      return new SoleUse(lock);
    } catch (cause) {
      lock.close();
      const failure = sqliteFailure(cause, file);
      if (failure.context.reason !== 'busy') throw failure;
      throw new OrchestratorError('CONFLICT', `another process works on the backend ${file}`, { cause });
    }
  }

  release(): void {
    this.#lock.close();
  }
}

function open(lockFile: string, dataFile: string): Database.Database {
  try {
    return new Database(lockFile, { timeout: WAIT_MS });
  } catch (cause) {
    throw sqliteFailure(cause, dataFile);
  }
}
