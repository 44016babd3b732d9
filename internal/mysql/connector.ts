import type { Clock } from '../runtime/clock.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { proxyVersion, SHOW_PROXY_VERSION } from './binlog-server.ts';
import { type Dialect, dialectOf } from './dialect.ts';
import { type Login, ServerConnection } from './server-connection.ts';
import { mayWantTls, type TlsSettings } from './tls.ts';

export interface ConnectorSettings {
  readonly login: Login;
  readonly tls: TlsSettings;
  /** Whether each server is asked if it is a proxy that hands on binary logs; one whose version says so is known anyway. */
  readonly asksForProxy?: boolean;
}

/** A connection and the words that the server at its other end understands. */
export interface Opened {
  readonly connection: ServerConnection;
  readonly version: string;
  readonly dialect: Dialect;
}

export function openedAs(connection: ServerConnection, version: string): Opened {
  return { connection, version, dialect: dialectOf(version) };
}

/** What a server tells of a session. */
type Attributes = Readonly<Record<string, string>>;

/** Opens connections, with TLS where the settings or the server ask for it. */
export class Connector {
  readonly #deps: { readonly settings: ConnectorSettings; readonly clock: Clock };
  /** Servers that were found to insist on TLS, and until when that is believed. */
  readonly #insistUntilMs = new Map<string, number>();

  constructor(deps: { readonly settings: ConnectorSettings; readonly clock: Clock }) {
    this.#deps = deps;
  }

  /** @throws {OrchestratorError} `CONNECT_FAILED`, `CONNECT_TIMEOUT`, `STATEMENT_FAILED`, `STATEMENT_TIMEOUT` */
  async open(key: InstanceKey, signal: AbortSignal, attributes?: Attributes): Promise<Opened> {
    const connection = await this.connect(key, signal, attributes);
    try {
      const [row] = await connection.query('SELECT VERSION() AS version', [], signal);
      const version = String(Object.values(row ?? {})[0]); // a binlog server may call it as its source did
      return openedAs(connection, (await this.#proxyVersion(connection, signal)) ?? version);
    } catch (err) {
      connection.close(); // a server may let us in and then answer nothing, as with a password that ran out
      throw err;
    }
  }

  async #proxyVersion(connection: ServerConnection, signal: AbortSignal): Promise<string | undefined> {
    if (this.#deps.settings.asksForProxy !== true) return undefined;
    return proxyVersion(await connection.query(SHOW_PROXY_VERSION, [], signal));
  }

  async connect(key: InstanceKey, signal: AbortSignal, attributes?: Attributes): Promise<ServerConnection> {
    const { settings, clock } = this.#deps;
    const { login, tls } = settings;
    const text = keyText(key);
    const insists = (this.#insistUntilMs.get(text) ?? 0) > clock.monotonicMs();
    if (tls.when === 'always' || (tls.when === 'asked' && insists))
      return ServerConnection.connect(key, login, signal, tls.options, attributes);
    try {
      return await ServerConnection.connect(key, login, signal, undefined, attributes);
    } catch (err) {
      if (tls.when === 'never' || !mayWantTls(err)) throw err;
      const connection = await ServerConnection.connect(key, login, signal, tls.options, attributes).catch(() => {
        throw err; // the plain refusal says what is wrong: most often the password
      });
      this.#insistUntilMs.set(text, clock.monotonicMs() + tls.cacheMs);
      return connection;
    }
  }
}
