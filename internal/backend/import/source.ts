import type { Row } from '../database.ts';

/** A backend that is only looked at: nothing is added to it, whatever it lacks. */
export interface Source {
  /** For people; without a password. */
  readonly name: string;
  /** The tables that there are, each with its columns. */
  columns(): Promise<ReadonlyMap<string, ReadonlySet<string>>>;
  /** Whole rows. All that is read from one source is of one moment. */
  rows(table: string): Promise<readonly Row[]>;
  /** By the clock that the times in it are of, ms. */
  nowMs(): Promise<number>;
  close(): Promise<void>;
}
