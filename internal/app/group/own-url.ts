import { isIPv6 } from 'node:net';
import type { Config } from '../../config/keys.ts';
import { parseAddress } from '../../raft/address.ts';
import { OrchestratorError } from '../../runtime/errors.ts';

/**
 * Where the other nodes find the API of this one: as configured, else where they find the node itself, with the port of the API (C-30).
 *
 * @throws {OrchestratorError} `CONFIG_INVALID`
 */
export function ownUrl(
  config: Pick<Config, 'HTTPAdvertise' | 'UseSSL' | 'RaftAdvertise' | 'DefaultRaftPort' | 'ListenAddress'>,
): string {
  if (config.HTTPAdvertise !== '') return config.HTTPAdvertise;
  const port = /:(\d+)$/.exec(config.ListenAddress)?.[1];
  if (port === undefined)
    throw new OrchestratorError(
      'CONFIG_INVALID',
      `ListenAddress "${config.ListenAddress}" has no port, so that the other nodes cannot be told where the API is: add one, or set HTTPAdvertise`,
    );
  const { host } = parseAddress(config.RaftAdvertise, 'RaftAdvertise of this node', config.DefaultRaftPort);
  return `${config.UseSSL ? 'https' : 'http'}://${isIPv6(host) ? `[${host}]` : host}:${port}`;
}
