import type { Agreement } from '../../internal/app/agreement.ts';
import type { Restored, Storage } from '../../internal/app/ports.ts';
import { RecoveryLedger } from '../../internal/app/recovery-ledger.ts';
import type { Settings } from '../../internal/app/settings.ts';
import type { Command, Stamp } from '../../internal/command/command.ts';
import { Inventory } from '../../internal/discovery/inventory.ts';
import type { RecoveryRecord } from '../../internal/recovery/book.ts';
import { systemClock } from '../../internal/runtime/clock.ts';
import { silentLog } from '../../internal/runtime/log.ts';
import type { InstanceKey } from '../../internal/topology/instance-key.ts';

/** One command as the log has it. */
export interface Entry {
  readonly command: Command;
  readonly stamp: Stamp;
}

/** A ledger over a backend that keeps every row it is given, so that one too many shows. */
export class TestLedger {
  readonly ledger: RecoveryLedger;
  /** Rows that are added, not replaced. */
  readonly rows: string[] = [];
  /** Rows by their key. */
  readonly cells = new Map<string, string>();
  readonly #inventory = new Inventory();
  #disabled = false;

  /** @param agreement what comes of a wish; by default there are none */
  constructor(agreement?: Pick<Agreement, 'decide'>) {
    const add =
      (kind: string) =>
      async (...row: readonly unknown[]) =>
        void this.rows.push(`${kind} ${say(row)}`);
    const put =
      (kind: string, keys: number) =>
      async (...row: readonly unknown[]) =>
        void this.cells.set(`${kind} ${say(row.slice(0, keys))}`, say(row.slice(keys)));
    const held = ({ uid, holder }: RecoveryRecord) => void this.cells.set(`holder ${uid}`, say(holder));
    const storage = {
      opened: async (record: RecoveryRecord) => {
        held(record);
        this.rows.push(`recovery ${record.uid}`);
      },
      takenOver: async (record: RecoveryRecord) => held(record),
      closed: async ({ acknowledged: _, holder: __, ...record }: RecoveryRecord) =>
        void this.cells.set(`end ${record.uid}`, say(record)),
      acknowledged: async (records: readonly RecoveryRecord[]) => {
        for (const { uid, acknowledged } of records) this.cells.set(`ack ${uid}`, say(acknowledged));
      },
      stepStarted: put('step', 2),
      scriptsEnded: async (uid: string) => void this.cells.set(`scripts ended ${uid}`, ''),
      journalled: async () => [],
      planOf: async () => undefined,
      note: add('note'),
      detected: add('detection'),
      fenceIntended: put('fence', 1),
      fenced: async (key: InstanceKey) => void this.cells.delete(`fence ${say([key])}`),
      downtime: put('downtime', 1),
      clusterRenamed: put('renamed', 1),
      published: put('value', 1),
      writerOf: put('writer', 1),
    } as unknown as Storage;
    this.ledger = new RecoveryLedger({
      settings: SETTINGS,
      storage,
      restored: { openFences: [], recoveries: [], scriptsLeft: [] } as unknown as Restored,
      inventory: this.#inventory,
      clock: systemClock,
      log: silentLog,
      agreement: () => {
        if (agreement === undefined) throw new Error('nothing is wished for here');
        return agreement as Agreement;
      },
      globallyDisabled: () => this.#disabled,
      newUid: () => 'n',
      addressesOf: () => ({ ipv4: '', ipv6: '' }),
      endDowntime: (key) => void this.cells.delete(`downtime ${say([key])}`),
      onTold: ({ uid }) => void this.rows.push(`told ${uid}`),
      onAcknowledged: () => undefined,
    });
  }

  /** Undefined: it took effect. */
  apply({ command, stamp }: Entry): string | undefined {
    if (command.op === 'enable-global-recoveries' || command.op === 'disable-global-recoveries') {
      this.#disabled = command.op === 'disable-global-recoveries';
      return undefined;
    }
    const answer = this.ledger.apply(command as Parameters<RecoveryLedger['apply']>[0], stamp);
    return typeof answer === 'object' && answer !== null && 'refused' in answer ? String(answer.refused) : undefined;
  }

  /** What a cluster is called. */
  named(cluster: string): { readonly alias: string; readonly domain: string } {
    return this.#inventory.snapshot(cluster, 0);
  }

  /** Everything that another node, or a later process, could tell this one by. */
  get state(): unknown {
    const { book, openFences, scripts } = this.ledger;
    const left = scripts.uids().map((uid) => [uid, scripts.of(uid)]);
    const cells = [...this.cells].sort(([a], [b]) => (a < b ? -1 : 1));
    return {
      records: book.list(),
      fences: [...openFences.keys()].sort(),
      rows: this.rows,
      cells,
      left,
      off: this.#disabled,
    };
  }
}

/** Nothing is judged by these: the limits travel in the commands. */
const SETTINGS = { coordinator: { attempt: { plan: { applyPromotion: false } } } } as unknown as Settings;

const say = (value: unknown) => JSON.stringify(value);
