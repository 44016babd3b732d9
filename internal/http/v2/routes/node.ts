import { z } from 'zod';
import { type Call, change, entries, list, read } from '../call.ts';
import type { V2Deps } from '../calls.ts';
import { momentOf, named, Server, serverOf, Time } from '../schema.ts';
import { ClusterName } from './clusters.ts';

const PairForm = named('Pair', z.strictObject({ key: z.string(), value: z.string() }));
const NodeForm = named(
  'Node',
  z.strictObject({
    hostname: z.string(),
    version: z.string(),
    backend: z.string(),
    firstSeenAt: Time,
    lastSeenAt: Time,
  }),
);
const HealthForm = named(
  'NodeHealth',
  z
    .strictObject({
      healthy: z.boolean(),
      failure: z.string().nullable().describe('Why the backend does not take what it is given'),
      leads: z.boolean(),
      self: NodeForm,
      active: NodeForm.nullable().describe('The daemon on this backend that watches and recovers'),
      nodes: z.array(NodeForm).describe('Daemons that work on this backend'),
      checks: z.array(z.strictObject({ name: z.string(), ok: z.boolean(), detail: z.string() })),
    })
    .describe('The node that is asked'),
);

/** The node that is asked, and what it tells others. */
export function nodeCalls({ services, lookup }: V2Deps): readonly Call[] {
  const area = 'node';
  const ofNode = { local: true, acts: 'onAnyNode' } as const;
  return [
    read({
      ...{
        id: 'getNode',
        area,
        path: '/node',
        local: true,
        summary: 'Whether the node that is asked is well, and leads',
      },
      answer: HealthForm,
      handle: async () => {
        const { failure, self, active, nodes } = await services.health();
        return {
          healthy: failure === undefined,
          failure: failure ?? null,
          leads: services.group?.leads ?? services.leads(),
          self: nodeOf(self),
          active: active === undefined ? null : nodeOf(active),
          nodes: nodes.map(nodeOf),
          checks: services.readiness().map((check) => ({ ...check })),
        };
      },
    }),
    change('post', {
      ...{ id: 'reloadConfiguration', area, path: '/node/configuration-reloads', ...ofNode },
      summary: 'Read the configuration files again',
      problems: ['CONFIG_INVALID'],
      body: z.strictObject({ file: z.string().min(1).max(4_096).optional().describe('On top of them, this once') }),
      answer: named(
        'ConfigurationReload',
        z.strictObject({
          changed: z.array(z.string()).describe('Keys whose new value is in force'),
          waiting: z.array(z.string()).describe('Keys whose new value waits for a restart'),
          warnings: z.array(z.string()),
        }),
      ),
      handle: ({ body }) => {
        const { changed, waiting, warnings } = services.reload(body.file);
        return { changed: [...changed], waiting: [...waiting], warnings: [...warnings] };
      },
    }),
    list({
      ...{
        id: 'listResolvedNames',
        area,
        path: '/node/resolved-names',
        local: true,
        summary: 'Host names and what they stand for',
      },
      item: named('ResolvedName', z.strictObject({ given: z.string(), resolved: z.string(), expiresAt: Time })),
      handle: () =>
        entries({
          items: services.resolvedNames(),
          key: ({ given }) => [given],
          render: ({ given, resolved, expiresMs }) => ({ given, resolved, expiresAt: momentOf(expiresMs) }),
        }),
    }),
    change('delete', {
      ...{
        id: 'forgetResolvedNames',
        area,
        path: '/node/resolved-names',
        summary: 'Have host names resolved anew',
        ...ofNode,
      },
      handle: () => services.forgetResolvedNames(),
    }),
    list({
      ...{ id: 'listPublishedPairs', area, path: '/publications' },
      summary: 'What key-value stores are to hold of the primaries, by key, as every node keeps it',
      query: { prefix: z.string().max(300).optional().describe('Only keys that begin so') },
      item: PairForm,
      handle: async ({ query: { prefix = '' } }) =>
        entries({
          items: (await services.publishedPairs()).filter(({ key }) => key.startsWith(prefix)),
          key: ({ key }) => [key],
          render: ({ key, value }) => ({ key, value }),
        }),
    }),
    change('post', {
      ...{ id: 'publishPrimaries', area, path: '/publications', summary: 'Have key-value stores hold the primaries' },
      problems: ['NOT_FOUND'],
      body: z.strictObject({ cluster: ClusterName.cluster.optional() }),
      answer: z.strictObject({ pairs: z.array(PairForm) }),
      handle: async ({ body }) => {
        const cluster = body.cluster === undefined ? undefined : lookup.cluster(body.cluster);
        const pairs = await services.submitPrimaries(cluster);
        return { pairs: pairs.map(({ key, value }) => ({ key, value })) };
      },
    }),
    change('post', {
      ...{
        id: 'recordTopologies',
        area,
        path: '/topology-records',
        summary: 'Keep a picture of all topologies in the backend',
      },
      handle: () => services.recordTopologies(),
    }),
    read({
      ...{
        id: 'resolveServer',
        area,
        path: '/resolutions/{server}',
        summary: 'What a server is called, if it can be connected to',
      },
      with: { server: Server },
      problems: ['INSTANCE_KEY_INVALID', 'CONNECT_FAILED', 'CONNECT_TIMEOUT'],
      answer: z.strictObject({ server: Server }),
      handle: async ({ path }) => ({ server: serverOf(await services.resolve(lookup.given(path.server))) }),
    }),
  ];
}

function nodeOf({
  hostname,
  version,
  backend,
  firstSeenMs,
  lastSeenMs,
}: {
  readonly hostname: string;
  readonly version: string;
  readonly backend: string;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}): z.infer<typeof NodeForm> {
  return { hostname, version, backend, firstSeenAt: momentOf(firstSeenMs), lastSeenAt: momentOf(lastSeenMs) };
}
