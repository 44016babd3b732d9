import { VERSION } from '../../runtime/version.ts';
import type { Request } from '../request.ts';
import { act, bare, type EnvelopeHandler, envelope, type HttpServerDeps, type Route, tell } from '../route.ts';
import { wireTime } from '../wire/values.ts';

const SECRET_HEADERS = new Set(['Authorization', 'Proxy-Authorization', 'Cookie']);

/** This node: is it up, does it lead, what does it hear. Without a group every node leads. */
export function nodeRoutes(deps: HttpServerDeps): readonly Route[] {
  return [
    ...['lb-check', '_ping', 'leader-check', 'leader-check/:errorStatusCode', 'routed-leader-check'].map((path) =>
      bare(path, () => 'OK'),
    ),
    bare('headers', ({ headers }) => wireHeaders(headers)),
    tell('health', healthHandler(deps)),
    act('reload-configuration', reload),
  ];

  function reload(request: Request) {
    const file = request.query('config');
    const { changed, waiting, warnings } = deps.services.reload(file === '' ? undefined : file);
    const parts = [`changed: ${changed.join(', ') || 'nothing'}`];
    if (waiting.length > 0) parts.push(`after a restart: ${waiting.join(', ')}`);
    return envelope('OK', `Configuration reloaded; ${[...parts, ...warnings].join('; ')}`, file);
  }
}

/** `health`, and the status endpoint wherever it stands. */
export function healthHandler({ settings, clock }: HttpServerDeps): EnvelopeHandler {
  const startedMs = clock.nowMs();
  const node = (more: { readonly AppVersion: string; readonly DBBackend: string }) => ({
    Hostname: settings.node.hostname,
    Token: settings.node.token,
    AppVersion: more.AppVersion,
    FirstSeenActive: wireTime(startedMs),
    LastSeenActive: wireTime(clock.nowMs()),
    ExtraInfo: '',
    Command: '',
    DBBackend: more.DBBackend,
    LastReported: '0001-01-01T00:00:00Z',
  });
  return () =>
    envelope('OK', 'Application node is healthy', {
      Healthy: true,
      Hostname: settings.node.hostname,
      Token: settings.node.token,
      IsActiveNode: true,
      ActiveNode: node({ AppVersion: '', DBBackend: '' }),
      Error: null,
      AvailableNodes: [node({ AppVersion: VERSION, DBBackend: settings.backend })],
      RaftLeader: '',
      IsRaftLeader: false,
      RaftLeaderURI: '',
      RaftAdvertise: '',
      RaftHealthyMembers: null,
    });
}

/** Canonical name to values. What lets somebody in is not told back. */
function wireHeaders(raw: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] ?? '').toLowerCase().replace(/(^|-)[a-z]/g, (start) => start.toUpperCase());
    if (name === 'Host') continue;
    const value = SECRET_HEADERS.has(name) ? '***' : (raw[at + 1] ?? '');
    found.set(name, [...(found.get(name) ?? []), value]);
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}
