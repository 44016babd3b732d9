/** What a release may do to the tables that it finds. */
export interface Upgrade {
  /** False: they are taken as they are. */
  readonly update: boolean;
  /** Refuses those that this very release has not set up. */
  readonly refuseOther: boolean;
}

/** The release that opens a backend. */
export interface Release extends Upgrade {
  readonly version: string;
  /** When it does, as UTC text. */
  readonly nowText: string;
}

export const UPGRADE: Upgrade = { update: true, refuseOther: false };
