// What the repositories ask of a database, as plain data: each adapter writes it in its own SQL. A change says the same
// on every database, so the queue can hold it back, merge it and try it again without knowing where it goes.

export type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;

/** One comparison; several of them must all hold. `=` with null means "is null". */
export type Condition = readonly [column: string, is: '=' | '<' | '>=' | 'like', value: Value];

export type Change =
  | { readonly kind: 'insert'; readonly table: string; readonly row: Row }
  /** Columns that the row does not name stay as they are: another program may own them. */
  | { readonly kind: 'upsert'; readonly table: string; readonly key: readonly string[]; readonly row: Row }
  | { readonly kind: 'update'; readonly table: string; readonly row: Row; readonly where: readonly Condition[] }
  /** `atMost`: rows per statement, so that a clean-up never holds the file for long. */
  | {
      readonly kind: 'delete';
      readonly table: string;
      readonly where: readonly Condition[];
      readonly atMost?: number;
    };

/** Whole rows, by column name. */
export interface Select {
  readonly table: string;
  readonly where?: readonly Condition[];
  readonly orderBy?: string;
  readonly descending?: boolean;
  readonly limit?: number;
  readonly offset?: number;
}

/** One SQLite file, or one MySQL schema. */
export interface Database {
  /** For people: the file, or host and port. */
  readonly name: string;
  /** It may let others wait, who do so for this long at most. Undefined: it answers at once, or says that it cannot. */
  readonly patienceMs?: number;
  /**
   * All changes in one transaction, in order. Does not wait for others: a busy database is an error to come back from.
   *
   * @throws {OrchestratorError} `BACKEND_FAILED`, `BACKEND_CORRUPT`; nothing was written then. `context.reason` is a
   *   `FailureReason`.
   */
  write(changes: readonly Change[]): Promise<void>;
  /** @throws {OrchestratorError} as `write` */
  rows(select: Select): Promise<readonly Row[]>;
  /** Opens anew what an error has shown to be broken; a file that was put back is found again. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** `busy`: another program holds it now. `refused`: this very change is impossible; trying again is of no use. */
export type FailureReason = 'busy' | 'refused' | 'readOnly' | 'full' | 'io' | 'missing' | 'corrupt' | 'newer';

const IDENTIFIER = /^[a-z][a-z0-9_]*$/;

/** Table and column names come from our own code; this holds it to that. */
export function identifier(name: string): string {
  if (!IDENTIFIER.test(name)) throw new Error(`not an identifier: ${name}`);
  return name;
}
