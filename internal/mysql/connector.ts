import type { Clock } from '../runtime/clock.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';
import { type Dialect, dialectOf } from './dialect.ts';
import { type Login, ServerConnection } from './server-connection.ts';
import { mayWantTls, type TlsSettings } from './tls.ts';

export interface ConnectorSettings {
  readonly login: Login;
  readonly tls: TlsSettings;
}

/** A connection and the words that the server at its other end understands. */
export interface Opened {
  readonly connection: ServerConnection;
  readonly dialect: Dialect;
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

  /** @throws {OrchestratorError} `CONNECT_FAILED`, `CONNECT_TIMEOUT` */
  async open(key: InstanceKey, signal: AbortSignal, attributes?: Attributes): Promise<Opened> {
    const connection = await this.connect(key, signal, attributes);
    const [row] = await connection.query('SELECT VERSION() AS version', [], signal);
    return { connection, dialect: dialectOf(String(row?.version)) };
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
