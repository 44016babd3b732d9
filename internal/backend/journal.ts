import type { InstanceKey } from '../topology/instance-key.ts';
import type { Change } from './database.ts';
import { KEY, keyColumns, keyOf, number, text, whereKey } from './rows.ts';
import { toText } from './time.ts';
import type { Store } from './write-queue.ts';

export interface StoredStep {
  readonly id: number;
  /** As stored: UTC text. */
  readonly at: string;
  readonly message: string;
}

/** What a recovery was about to do, what it said, and whom it must still fence. One row per call: this is on its way. */
export class Journal {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  async stepStarted(uid: string, step: number, words: string): Promise<void> {
    await this.#store.write([
      {
        kind: 'upsert',
        table: 'recovery_journal',
        key: ['recovery_uid', 'step_number'],
        row: {
          recovery_uid: uid,
          step_number: step,
          step: words,
          started_at: this.#now(),
          ended_at: null,
          error: null,
        },
      },
    ]);
  }

  /** @param words what people read of the step afterwards */
  async stepEnded(uid: string, step: number, error: string | undefined, words: string): Promise<void> {
    const where = [
      ['recovery_uid', '=', uid],
      ['step_number', '=', step],
    ] as const;
    const row = { ended_at: this.#now(), error: error ?? null };
    await this.#store.write([{ kind: 'update', table: 'recovery_journal', row, where }, this.#noteOf(uid, words)]);
  }

  /** Steps of a recovery that were begun, in order. */
  async begun(uid: string): Promise<readonly string[]> {
    const where = [['recovery_uid', '=', uid]] as const;
    const rows = await this.#store.read({ table: 'recovery_journal', where, orderBy: 'step_number' });
    return rows.map(({ step }) => text(step));
  }

  /** All steps of a recovery from this number on have ended. */
  async endedFrom(uid: string, first: number): Promise<void> {
    const where = [
      ['recovery_uid', '=', uid],
      ['step_number', '>=', first],
    ] as const;
    await this.#store.write([{ kind: 'update', table: 'recovery_journal', row: { ended_at: this.#now() }, where }]);
  }

  /** Steps from this number on that never ended, of all recoveries, in order. */
  async openFrom(first: number): Promise<readonly { readonly uid: string; readonly step: string }[]> {
    const where = [['step_number', '>=', first]] as const;
    const rows = await this.#store.read({ table: 'recovery_journal', where, orderBy: 'step_number' });
    const open = rows.filter(({ ended_at: endedAt }) => endedAt === null);
    return open.map(({ recovery_uid: uid, step }) => ({ uid: text(uid), step: text(step) }));
  }

  async note(uid: string, message: string): Promise<void> {
    await this.#store.write([this.#noteOf(uid, message)], { expendable: true });
  }

  /** What one recovery said, oldest first. */
  async steps(uid: string): Promise<readonly StoredStep[]> {
    const rows = await this.#store.read({
      table: 'topology_recovery_steps',
      where: [['recovery_uid', '=', uid]],
      orderBy: 'recovery_step_id',
    });
    return rows.map((row) => ({
      id: number(row.recovery_step_id),
      at: text(row.audit_at),
      message: text(row.message),
    }));
  }

  /** A successor is no longer to be fenced, whatever it was before. */
  async fenceIntended(failed: InstanceKey, cluster: string, successor: InstanceKey): Promise<void> {
    await this.#store.write([
      {
        kind: 'upsert',
        table: 'fence_intent',
        key: KEY,
        row: {
          ...keyColumns(failed),
          cluster_name: cluster,
          successor_hostname: successor.hostname,
          successor_port: successor.port,
          created_at: this.#now(),
        },
      },
      { kind: 'delete', table: 'fence_intent', where: whereKey(successor) },
    ]);
  }

  async fenced(key: InstanceKey): Promise<void> {
    await this.#store.write([{ kind: 'delete', table: 'fence_intent', where: whereKey(key) }]);
  }

  async openFences(): Promise<readonly InstanceKey[]> {
    return (await this.#store.read({ table: 'fence_intent' })).map(keyOf);
  }

  #noteOf(uid: string, message: string): Change {
    const row = { recovery_uid: uid, audit_at: this.#now(), message };
    return { kind: 'insert', table: 'topology_recovery_steps', row };
  }

  #now(): string {
    return toText(this.#store.nowMs());
  }
}
