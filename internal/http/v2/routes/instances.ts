import { z } from 'zod';
import { sourceKey } from '../../../topology/instance.ts';
import { type InstanceKey, keyText, sameKey } from '../../../topology/instance-key.ts';
import { type Listed, matchesSearch } from '../../../topology/listing.ts';
import { restartStatements } from '../../../topology/restart-statements.ts';
import { taggedServers } from '../../../topology/tag-expression.ts';
import { whyNotBelow } from '../../replication-check.ts';
import { problemsOf } from '../../wire/instance.ts';
import { type Call, change, entries, list, read } from '../call.ts';
import type { V2Deps } from '../calls.ts';
import { flag, wholeNumber } from '../paging.ts';
import { Refused } from '../problem.ts';
import { InstanceForm, instanceOf, roleOf } from '../resources/instance.ts';
import { Coordinates, coordinatesOf, Server } from '../schema.ts';

export const ServerName = {
  server: z.string().min(1).max(300).describe('`host:port`; an IPv6 address in brackets'),
};

/** How a server that is read may fail to answer. */
export const UNREADABLE = ['CONNECT_FAILED', 'CONNECT_TIMEOUT', 'PROBE_FAILED', 'PROBE_TIMEOUT'] as const;

/** How a server whose binary logs are read may. */
const LOG_PROBLEMS = [
  ...(['INSTANCE_KEY_INVALID', 'NOT_FOUND', 'CONFLICT', 'STATEMENT_FAILED', 'STATEMENT_TIMEOUT'] as const),
  ...UNREADABLE,
];

const Filters = {
  cluster: z.string().max(300).optional().describe('Name or alias of a cluster, or one of its servers'),
  source: z.string().max(300).optional().describe('Those that replicate from this server'),
  role: z.enum(['primary', 'coPrimary', 'intermediatePrimary', 'replica']).optional(),
  reachable: flag.optional(),
  downtimed: flag.optional(),
  withProblems: flag.optional().describe('`true`: those with which anything is wrong'),
  search: z.string().max(300).optional().describe('Part of a host, cluster, alias or version; or a server id or port'),
  tags: z.string().max(2_000).optional().describe('Terms with commas between them: `a`, `a=v`, `~a`, `~a=v`'),
};
type Filter = z.infer<z.ZodObject<typeof Filters>>;

export function instanceCalls(deps: V2Deps): readonly Call[] {
  const { services, settings, clock, lookup } = deps;
  const area = 'instances';
  const render = (one: Listed) => instanceOf(one, { ...settings, ...limits(), nowMs: clock.nowMs() });
  return [
    list({
      ...{ id: 'listInstances', area, path: '/instances', summary: 'Servers, by address' },
      query: Filters,
      problems: ['NOT_FOUND', 'INSTANCE_KEY_INVALID'],
      item: InstanceForm,
      handle: async ({ query }) =>
        entries({
          items: await found(query),
          key: ({ watched: { instance } }) => [instance.key.hostname, instance.key.port],
          render,
        }),
    }),
    read({
      ...{ id: 'getInstance', area, path: '/instances/{server}', summary: 'One server' },
      with: ServerName,
      problems: ['NOT_FOUND', 'INSTANCE_KEY_INVALID'],
      answer: InstanceForm,
      handle: ({ path }) => render(lookup.member(path.server)),
    }),
    change('post', {
      ...{ id: 'discoverInstance', area, path: '/instances', summary: 'Read a server, and watch it from now on' },
      problems: ['INSTANCE_KEY_INVALID', 'NOT_FOUND', ...UNREADABLE],
      body: z.strictObject({ server: Server }),
      answer: InstanceForm,
      status: 201,
      handle: async ({ body }) => {
        const { key } = await services.discover(lookup.key(body.server));
        return render(lookup.member(keyText(key)));
      },
    }),
    change('post', {
      ...{ id: 'watchInstance', area, path: '/watched-servers', summary: 'Watch a server; it is read in a moment' },
      problems: ['INSTANCE_KEY_INVALID'],
      body: z.strictObject({ server: Server }),
      answer: z.strictObject({ server: Server }),
      status: 202,
      handle: async ({ body }) => {
        const key = lookup.key(body.server);
        await services.watch(key);
        return { server: keyText(key) };
      },
    }),
    change('post', {
      ...{ id: 'refreshInstance', area, path: '/instances/{server}/reads', summary: 'Read a known server now' },
      with: ServerName,
      problems: ['INSTANCE_KEY_INVALID', 'NOT_FOUND', ...UNREADABLE],
      answer: InstanceForm,
      handle: async ({ path }) => {
        const { key } = await services.discover(lookup.member(path.server).watched.instance.key);
        return render(lookup.member(keyText(key)));
      },
    }),
    change('delete', {
      ...{ id: 'forgetInstance', area, path: '/instances/{server}', summary: 'Forget a server' },
      with: ServerName,
      problems: ['INSTANCE_KEY_INVALID', 'NOT_FOUND'],
      handle: async ({ path }) => {
        const key = lookup.key(path.server);
        if (!(await services.forget(key))) throw new Refused('NOT_FOUND', `no server is known as ${keyText(key)}`);
      },
    }),
    change('put', {
      ...{ id: 'setVirtualHostname', area, path: '/instances/{server}/virtual-hostname' },
      summary: 'Have replicas told another host name in place of that of a server',
      with: ServerName,
      problems: ['INSTANCE_KEY_INVALID'],
      body: z.strictObject({ hostname: z.string().regex(/^[\w.:-]{1,128}$/, 'not a host name') }),
      handle: async ({ path, body }) => services.registerVirtualName(lookup.key(path.server), body.hostname),
    }),
    change('delete', {
      ...{ id: 'removeVirtualHostname', area, path: '/instances/{server}/virtual-hostname' },
      summary: 'Have replicas told the host name itself again',
      with: ServerName,
      problems: ['INSTANCE_KEY_INVALID'],
      handle: async ({ path }) => services.registerVirtualName(lookup.key(path.server), ''),
    }),
    read({
      ...{ id: 'checkReplication', area, path: '/instances/{server}/replication-check' },
      summary: 'Whether a server could replicate from another one',
      with: ServerName,
      query: { source: Server, byGtid: flag.optional().describe('`true`: by GTID alone') },
      problems: ['INSTANCE_KEY_INVALID', 'NOT_FOUND'],
      answer: z.strictObject({ possible: z.boolean(), reason: z.string().nullable() }),
      handle: ({ path, query }) => {
        const { instance } = lookup.member(path.server).watched;
        const rules = { byGtid: query.byGtid === true, replicationRules: settings.replicationRules };
        const reason = whyNotBelow(instance, lookup.member(query.source), rules);
        return { possible: reason === undefined, reason: reason ?? null };
      },
    }),
    read({
      ...{ id: 'getRestartStatements', area, path: '/instances/{server}/restart-statements' },
      summary: 'What to send so that a statement runs while replication stands still; nothing is sent',
      with: ServerName,
      query: { statement: z.string().trim().min(1).max(10_000) },
      problems: ['INSTANCE_KEY_INVALID', 'NOT_FOUND'],
      answer: z.strictObject({ statements: z.array(z.string()) }),
      handle: ({ path, query }) => {
        const { instance } = lookup.member(path.server).watched;
        return { statements: [...restartStatements(instance, query.statement)] };
      },
    }),
    read({
      ...{ id: 'getEquivalentPlaces', area, path: '/instances/{server}/equivalent-places' },
      summary: 'Places in the binary logs of other servers that are known to be the same as this one',
      with: ServerName,
      query: { file: z.string().min(1).max(512), position: wholeNumber(0, 999_999_999_999) },
      problems: ['INSTANCE_KEY_INVALID', 'NOT_FOUND'],
      answer: z.strictObject({ places: z.array(z.strictObject({ server: Server, coordinates: Coordinates })) }),
      handle: async ({ path, query: { file, position } }) => {
        const server = lookup.member(path.server).watched.instance.key;
        const found = await services.equivalents({ server, at: { file, position } });
        return { places: found.map((one) => ({ server: keyText(one.server), coordinates: coordinatesOf(one.at) })) };
      },
    }),
    read({
      ...{ id: 'getLastMarker', area, path: '/instances/{server}/last-marker' },
      summary: 'The newest Pseudo-GTID entry in the logs of a server; they are read now',
      with: ServerName,
      problems: LOG_PROBLEMS,
      answer: z.strictObject({ coordinates: Coordinates, text: z.string() }),
      handle: async ({ path }) => {
        const { at, text } = await services.lastMarker(lookup.member(path.server).watched.instance.key);
        return { coordinates: coordinatesOf(at), text };
      },
    }),
    read({
      ...{ id: 'locateErrantGtids', area, path: '/instances/{server}/errant-gtid-logs' },
      summary: 'Binary logs of a server that hold its errant transactions; they are read now',
      with: ServerName,
      problems: LOG_PROBLEMS,
      answer: z.strictObject({ files: z.array(z.string()) }),
      handle: async ({ path }) => ({
        files: [...(await services.locateErrant(lookup.member(path.server).watched.instance.key))],
      }),
    }),
  ];

  /** Settings are read when they are used: a reload changes them. */
  function limits() {
    return { pollSeconds: settings.pollSeconds, reasonableLagSeconds: settings.reasonableLagSeconds };
  }

  async function found(filter: Filter): Promise<readonly Listed[]> {
    const { cluster, source, tags } = filter;
    const snapshots = cluster === undefined ? services.snapshots() : [lookup.cluster(cluster)];
    const above = source === undefined ? undefined : lookup.key(source);
    const tagged = tags === undefined ? undefined : new Set(taggedServers(await services.tags(), tags));
    const all = snapshots.flatMap((snapshot) => snapshot.members.map((watched) => ({ snapshot, watched })));
    return all.filter(
      (one) => fits(one, filter, above) && (tagged === undefined || tagged.has(keyText(one.watched.instance.key))),
    );
  }

  function fits(one: Listed, filter: Filter, above: InstanceKey | undefined): boolean {
    const { snapshot, watched } = one;
    const { role, reachable, downtimed, withProblems, search } = filter;
    if (above !== undefined && !sameKey(sourceKey(watched.instance), above)) return false;
    if (role !== undefined && roleOf(one) !== role) return false;
    if (reachable !== undefined && watched.valid !== reachable) return false;
    if (downtimed !== undefined && snapshot.downtimes.has(keyText(watched.instance.key)) !== downtimed) return false;
    if (withProblems !== undefined) {
      const problems = problemsOf(watched, { ...limits(), snapshot, nowMs: clock.nowMs() });
      if (problems.length > 0 !== withProblems) return false;
    }
    return search === undefined || matchesSearch(one, search);
  }
}
