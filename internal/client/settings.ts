import { ClientError } from './errors.ts';
import type { CommandLine } from './options.ts';
import type { Environment } from './profile.ts';

const DEFAULT_API = 'http://localhost:3000';

/** How the API is reached. */
export interface Access {
  /** As given, at least one. */
  readonly apis: readonly string[];
  /** Sent with each request: whoever asks, to the API or to the proxy before it. */
  readonly headers: Readonly<Record<string, string>>;
  /** Files. */
  readonly tls: { readonly ca: string; readonly cert: string; readonly key: string };
}

/** Options and environment, the former first. @throws {ClientError} what cannot be meant */
export function accessOf({ values }: Pick<CommandLine, 'values'>, env: Environment): Access {
  const given = values.get('api') || env.ORCHESTRATOR_API || DEFAULT_API; // a blank one counts as none
  const apis = given.split(/\s+/).filter((one) => one !== '');
  return {
    apis: apis.length === 0 ? [DEFAULT_API] : apis,
    headers: headersOf(values, env),
    tls: {
      ca: values.get('cacert') ?? env.CURL_CA_BUNDLE ?? '',
      cert: values.get('cert') ?? env.ORCHESTRATOR_API_CERT ?? '',
      key: values.get('key') ?? env.ORCHESTRATOR_API_KEY ?? '',
    },
  };
}

/** The header for a proxy wins over a login. */
function headersOf(values: CommandLine['values'], env: Environment): Readonly<Record<string, string>> {
  const header = values.get('headers-auth') ?? env.ORCHESTRATOR_AUTH_USER_HEADER ?? '';
  if (header !== '') {
    const match = /^([A-Za-z0-9-]+):\s*(.*)$/.exec(header);
    if (match === null)
      throw new ClientError('the header of -e, or of ORCHESTRATOR_AUTH_USER_HEADER, is not NAME:VALUE');
    return { [match[1] ?? '']: Buffer.from(match[2] ?? '', 'utf8').toString('latin1') }; // each letter is sent as a byte
  }
  const { ORCHESTRATOR_AUTH_USER: user = '', ORCHESTRATOR_AUTH_PASSWORD: password = '' } = env;
  const login = values.get('auth') ?? `${user}:${password}`;
  return login === ':' || login === '' ? {} : { Authorization: basic(login.includes(':') ? login : `${login}:`) };
}

export function basic(login: string): string {
  return `Basic ${Buffer.from(login, 'utf8').toString('base64')}`;
}
