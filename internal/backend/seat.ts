/** Who leads among the daemons that share a backend. Every time is that of the database. */
export interface Seat {
  /**
   * Takes the seat where nobody has it, or nobody was heard of for five seconds.
   *
   * @returns the epoch that begins with it; undefined: another one has it
   * @throws {OrchestratorError} `BACKEND_FAILED`: nobody knows
   */
  contend(): Promise<number | undefined>;
  /** Whether it is still ours since that epoch; others wait for five seconds from now on. @throws as `contend` */
  hold(epoch: number): Promise<boolean>;
  /** Takes it from whoever has it. @returns the epoch that begins with it @throws as `contend` */
  grab(): Promise<number>;
  /** Nobody has it any more; whoever comes first takes it. @throws as `contend` */
  vacate(): Promise<void>;
  close(): void;
}
