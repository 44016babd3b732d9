// Names of backends as operators write them: the path of a file, a URL, or the form of the Go driver.

import { OrchestratorError } from '../../runtime/errors.ts';

export type SourceName =
  | { readonly kind: 'file'; readonly file: string }
  | {
      readonly kind: 'server';
      readonly host: string;
      readonly port: number;
      readonly schema: string;
      /** Undefined: that of the configuration, so that no password need stand on a command line. */
      readonly login: { readonly user: string; readonly password: string } | undefined;
    };

const PORT = 3306;
/** `user:password@tcp(host:port)/schema?options`; the options are the driver's own. */
const GO_FORM = /^(?:(?<user>[^:@]*)(?::(?<password>.*))?@)?tcp\((?<address>[^)]*)\)\/(?<schema>[^?]*)(?:\?.*)?$/;
const ADDRESS = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^:]+))(?::(?<port>\d{1,5}))?$/;

/** @throws {OrchestratorError} `BAD_REQUEST`, never with a password in it */
export function parseSourceName(given: string): SourceName {
  if (given.startsWith('mysql://')) return fromUrl(given);
  const parts = GO_FORM.exec(given)?.groups;
  if (parts === undefined) {
    if (/@|\btcp\(/.test(given)) throw malformed();
    return { kind: 'file', file: given };
  }
  const { user, password = '', address = '', schema = '' } = parts;
  const { v6, name, port = String(PORT) } = ADDRESS.exec(address)?.groups ?? {};
  return server({ host: v6 ?? name ?? '', port: Number(port), schema, login: user ? { user, password } : undefined });
}

function fromUrl(given: string): SourceName {
  if (!URL.canParse(given)) throw malformed();
  const { hostname, port, pathname, username, password } = new URL(given);
  const said = (part: string) => {
    try {
      return decodeURIComponent(part);
    } catch {
      throw malformed();
    }
  };
  return server({
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? PORT : Number(port),
    schema: said(pathname.slice(1)),
    login: username === '' ? undefined : { user: said(username), password: said(password) },
  });
}

function server(parts: Omit<Extract<SourceName, { kind: 'server' }>, 'kind'>): SourceName {
  const { host, port, schema } = parts;
  if (host === '' || schema === '' || schema.includes('/') || port < 1 || port > 65_535) throw malformed();
  return { kind: 'server', ...parts };
}

function malformed(): OrchestratorError {
  return new OrchestratorError(
    'BAD_REQUEST',
    '-from-backend: name a file, mysql://user:password@host:port/schema, or user:password@tcp(host:port)/schema; without user the login of the configuration is used',
  );
}
