import type { Config } from '../config/keys.ts';
import type { HttpServer } from '../http/server.ts';
import { OrchestratorError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';

/**
 * Has the API listen where the configuration says.
 *
 * @returns where, for the log
 * @throws {OrchestratorError} `CONFIG_INVALID`
 */
export async function listen(
  server: Pick<HttpServer, 'start' | 'startOnSocket'>,
  { ListenSocket, ListenAddress }: Config,
  log: Log,
): Promise<string> {
  if (ListenSocket !== '') {
    await server.startOnSocket(ListenSocket);
    return ListenSocket;
  }
  const { host, port } = listenAddress(ListenAddress, log);
  await server.start(host, port);
  return `${host}:${port}`;
}

/** Without a host in the configured address the daemon stays on loopback. */
function listenAddress(configured: string, log: Log): { host: string; port: number } {
  const match = /^(?:\[([^\]]+)\]|([^:]*)):(\d+)$/.exec(configured);
  if (match === null)
    throw new OrchestratorError('CONFIG_INVALID', `ListenAddress "${configured}": expected host:port or :port`);
  const host = match[1] ?? match[2] ?? '';
  if (host === '')
    log.warn(
      { configured },
      'ListenAddress names no host: listening on 127.0.0.1 only; name one, or 0.0.0.0, to be reached from elsewhere',
    );
  return { host: host === '' ? '127.0.0.1' : host, port: Number(match[3]) };
}
