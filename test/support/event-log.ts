// Logs of two servers that hold the same transactions, each in its own files, at its own positions, with its own bookkeeping.

import type { LogKind } from '../../internal/operations/ports.ts';
import type { LogEvent } from '../../internal/topology/pseudo-gtid-event.ts';

/** Of one transaction: type and text of its events, and who wrote it first. */
export interface Written {
  readonly serverId: number;
  readonly events: readonly (readonly [type: string, info: string])[];
}

export const MARKER = 'drop view if exists `_pseudo_gtid_`.`_asc:';
export const PSEUDO_GTID = {
  marker: { pattern: 'drop view if exists `_pseudo_gtid_`', fixedSubstring: true, monotonicHint: 'asc:' },
  skipContaining: [],
} as const;

export function marker(number: number, serverId = 1): Written {
  const text = `${MARKER}${String(number).padStart(8, '0')}:00000001:abc\``;
  return { serverId, events: [ANONYMOUS, ['Query', text]] };
}

export const ANONYMOUS = ['Anonymous_Gtid', "SET @@SESSION.GTID_NEXT= 'ANONYMOUS'"] as const;

/** A row transaction as MySQL logs it; two of one kind look the same. */
export function rows(kind: 'Write' | 'Update' | 'Delete', serverId = 1): Written {
  return {
    serverId,
    events: [
      ANONYMOUS,
      ['Query', 'BEGIN'],
      ['Table_map', 'table_id: 7 (app.t)'],
      [`${kind}_rows`, 'table_id: 7 flags: STMT_END_F'],
      ['Xid', 'COMMIT /* xid=3 */'],
    ],
  };
}

export interface LogShape {
  /** Of the server that keeps this log. */
  readonly serverId: number;
  /** Bytes between two events. */
  readonly stride: number;
  /** Files have so many transactions. */
  readonly perFile: number;
  /** Stands in place of the numbers that each server gives by itself. */
  readonly number: number;
  readonly mariadb?: boolean;
}

export class WrittenLog {
  readonly files = new Map<string, LogEvent[]>();
  /** Of each transaction the place behind it. */
  readonly ends: { readonly file: string; readonly position: number }[] = [];
  readonly #shape: LogShape;
  #file = '';
  #position = 4;

  constructor(transactions: readonly Written[], shape: LogShape) {
    this.#shape = shape;
    this.#nextFile();
    transactions.forEach((transaction, at) => {
      if (at > 0 && at % shape.perFile === 0) {
        this.#add('Rotate', `${this.#name(this.files.size + 1)};pos=4`, shape.serverId);
        this.#nextFile();
      }
      for (const [type, info] of transaction.events)
        this.#add(
          type,
          info.replace('table_id: 7', `table_id: ${shape.number}`).replace('xid=3', `xid=${shape.number}`),
          transaction.serverId,
        );
      this.ends.push({ file: this.#file, position: this.#position });
    });
  }

  get end(): { readonly file: string; readonly position: number } {
    return { file: this.#file, position: this.#position };
  }

  binaryLogs(): Promise<readonly string[]> {
    return Promise.resolve([...this.files.keys()]);
  }

  keepsOrder(): Promise<boolean> {
    return Promise.resolve(true);
  }

  executes(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async *events(_kind: LogKind, file: string, from = 4): AsyncGenerator<LogEvent> {
    for (const event of this.files.get(file) ?? []) if (event.at.position >= from) yield event;
  }

  #nextFile(): void {
    const { serverId, mariadb } = this.#shape;
    this.#file = this.#name(this.files.size + 1);
    this.files.set(this.#file, []);
    this.#position = 4;
    this.#add('Format_desc', `Server ver of ${serverId}`, serverId);
    if (mariadb === true) {
      this.#add('Gtid_list', `[0-1-${this.#shape.number}]`, serverId);
      this.#add('Binlog_checkpoint', this.#file, serverId);
    } else this.#add('Previous_gtids', '', serverId);
  }

  #name(number: number): string {
    return `bin${this.#shape.serverId}.${String(number).padStart(6, '0')}`;
  }

  #add(type: string, info: string, serverId: number): void {
    const at = { file: this.#file, position: this.#position };
    this.#position += this.#shape.stride;
    this.files.get(this.#file)?.push({ at, type, serverId, info, endPosition: this.#position });
  }
}
