import type { NodeEntry, Services } from '../ports.ts';
import type { Request } from '../request.ts';
import {
  act,
  bare,
  check,
  type EnvelopeHandler,
  envelope,
  type HttpServerDeps,
  local,
  type Route,
  tell,
} from '../route.ts';
import { wireGroupHealth } from '../wire/group.ts';
import { wireTime } from '../wire/values.ts';

const SECRET_HEADERS = new Set(['Authorization', 'Proxy-Authorization', 'Cookie']);

/** This node: is it up, does it lead, what does it hear. */
export function nodeRoutes(deps: HttpServerDeps): readonly Route[] {
  return [
    local(check('lb-check', () => ({ status: 200, body: 'OK' }))),
    local(check('_ping', () => ({ status: 200, body: 'OK' }))),
    local(check('leader-check', leads)),
    local(check('leader-check/:errorStatusCode', leads)),
    check('routed-leader-check', leads),
    local(bare('headers', ({ headers }) => wireHeaders(headers))),
    local(tell('health', healthHandler(deps))),
    local(act('reload-configuration', reload)),
  ];

  /** Somebody who does not lead says so with the status that was asked for; 404 where that is no status of an error. */
  function leads(request: Request) {
    if (isLeader(deps.services)) return { status: 200, body: 'OK' };
    const wanted = request.text('errorStatusCode');
    return { status: /^[45]\d\d$/.test(wanted) ? Number(wanted) : 404, body: 'Not leader' };
  }

  function reload(request: Request) {
    const file = request.query('config');
    const { changed, waiting, warnings } = deps.services.reload(file === '' ? undefined : file);
    const parts = [`changed: ${changed.join(', ') || 'nothing'}`];
    if (waiting.length > 0) parts.push(`after a restart: ${waiting.join(', ')}`);
    return envelope('OK', `Configuration reloaded; ${[...parts, ...warnings].join('; ')}`, file);
  }
}

/** In a group from memory alone, and by its word only (C-101, C-102). */
function isLeader({ group, leads }: Pick<Services, 'group' | 'leads'>): boolean {
  return group === undefined ? leads() : group.leads;
}

/** `health`, and the status endpoint wherever it stands. */
export function healthHandler({ services, settings }: HttpServerDeps): EnvelopeHandler {
  return async () => {
    const { failure, self, active, nodes } = await services.health();
    const { hostname: Hostname, token: Token } = settings.node;
    const { group } = services;
    const elected = group === undefined ? active : undefined; // in a group the address of the leader is all that is told
    const groupHealth = wireGroupHealth(group);
    const details = {
      Healthy: failure === undefined,
      Hostname,
      Token,
      IsActiveNode: isLeader(services),
      ActiveNode: {
        ...wireNode(elected),
        AppVersion: '',
        DBBackend: '',
        ...(group === undefined ? {} : { Hostname: groupHealth.RaftLeader }),
      },
      Error: failure === undefined ? null : { Message: failure },
      AvailableNodes: [...nodes.filter(({ token }) => token !== self.token), self].map(wireNode),
      ...groupHealth,
    };
    return failure === undefined
      ? envelope('OK', 'Application node is healthy', details)
      : envelope('ERROR', `Application node is unhealthy: ${failure}`, details);
  };
}

function wireNode(node: NodeEntry | undefined) {
  return {
    Hostname: node?.hostname ?? '',
    Token: node?.token ?? '',
    AppVersion: node?.version ?? '',
    FirstSeenActive: wireTime(node?.firstSeenMs),
    LastSeenActive: wireTime(node?.lastSeenMs),
    ExtraInfo: '',
    Command: '',
    DBBackend: node?.backend ?? '',
    LastReported: '0001-01-01T00:00:00Z',
  };
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
