import type { Upgrade } from '../release.ts';

export interface BackendLogin {
  readonly user: string;
  readonly password: string;
}

/** How the backend's server is reached. Times in milliseconds. */
export interface MysqlBackendSettings {
  readonly host: string;
  readonly port: number;
  readonly schema: string;
  /** Asked for each connection, so that a changed password needs no restart. */
  readonly login: () => BackendLogin;
  /** Undefined: without TLS. One object for all connections: contexts and sessions are cached by its identity. */
  readonly tls:
    | Readonly<{
        ca?: string;
        cert?: string;
        key?: string;
        rejectUnauthorized: boolean;
        verifyIdentity: boolean;
        minVersion: 'TLSv1.2';
      }>
    | undefined;
  /** Of one packet to the server, which has the last word; 0 or less: what the server takes. */
  readonly maxPacketBytes: number;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
  /** How long whoever writes or reads waits for what is written; 100 where it is not given. */
  readonly patienceMs?: number;
  /** 0 or less: no limit. */
  readonly maxConnections: number;
  /** Age at which a connection is replaced; 0: never. */
  readonly lifetimeMs: number;
  /** A server that has become read-only is left: the next connection may lead to another one. */
  readonly rejectReadOnly: boolean;
  readonly upgrade: Upgrade;
}

/** How people and `node_health` name it. */
export const backendName = ({ host, port, schema }: MysqlBackendSettings): string => `${host}:${port}/${schema}`;
