// What a test and the agents on its hosts say to each other.

export type Endpoint = { readonly host: string; readonly port: number } | { readonly path: string };

/** One direction between two hosts, or between a host and a database server, by name. */
export const link = (from: string, to: string) => `${from}>${to}`;

export type Ordered =
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly file: string;
      readonly args: readonly string[];
      readonly log: string;
    }
  | {
      readonly kind: 'relay';
      readonly id: number;
      readonly from: Endpoint;
      readonly to: Endpoint;
      /** Who connects; undefined: to be found out by who owns the connection. */
      readonly self: string | undefined;
      /** Who is connected to. */
      readonly target: string;
    }
  /** All links that pass nothing now. */
  | { readonly kind: 'cut'; readonly id: number; readonly links: readonly string[] };

export type Reported =
  | { readonly kind: 'done'; readonly id: number; readonly pid: number }
  | { readonly kind: 'failed'; readonly id: number; readonly message: string }
  | { readonly kind: 'ended'; readonly pid: number; readonly how: string };
