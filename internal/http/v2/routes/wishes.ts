import { z } from 'zod';
import { type InstanceKey, keyText, sameKey } from '../../../topology/instance-key.ts';
import { listByCluster } from '../../../topology/listing.ts';
import type { MaintenanceEntry } from '../../ports.ts';
import { type Call, change, entries, list } from '../call.ts';
import type { V2Deps } from '../calls.ts';
import { Refused } from '../problem.ts';
import { GivenRules, PROMOTION_RULE_WORDS, PromotionRuleWord } from '../resources/promotion-rule.ts';
import {
  DEFAULT_PERIOD_SECONDS,
  momentOf,
  named,
  Owner,
  Period,
  Reason,
  Server,
  ServerList,
  serverOf,
  serversOf,
  Time,
  timeOf,
} from '../schema.ts';
import { ServerName } from './instances.ts';

const Span = { server: Server, owner: z.string(), reason: z.string(), beganAt: Time, endsAt: Time };
const DowntimeForm = named('Downtime', z.strictObject(Span).describe('A server that is left alone for a time'));
const LockForm = named(
  'MaintenanceLock',
  z
    .strictObject({ ...Span, id: z.int().describe('0: the backend did not answer') })
    .describe('Keeps automation and other operations away from a server'),
);
const SpanBody = { server: Server, owner: Owner, reason: Reason, durationSeconds: Period };
const RuleForm = named(
  'PromotionRule',
  z.strictObject({ server: Server, rule: PromotionRuleWord, registeredAt: Time, expiresAt: Time.nullable() }),
);
const TagForm = named('Tag', z.strictObject({ server: Server, name: z.string(), value: z.string() }));
const PoolForm = named('PoolMember', z.strictObject({ pool: z.string(), server: Server, registeredAt: Time }));

const TagName = { name: z.string().regex(/^[^=\s~!,]{1,128}$/, 'not the name of a tag') };
const TagValue = z
  .string()
  .trim()
  .max(128)
  .regex(/^[^,]*$/, 'one tag at a time');
const PoolName = { pool: z.string().trim().min(1).max(128) };

/** What operators say of servers: leave this one alone, prefer that one, this is what we call it. */
export function wishCalls(deps: V2Deps): readonly Call[] {
  const area = 'wishes';
  const { services, settings, clock, lookup } = deps;
  const begin = (
    {
      owner,
      durationSeconds = DEFAULT_PERIOD_SECONDS,
    }: { owner?: string | undefined; durationSeconds?: number | undefined },
    caller: string,
  ) => ({
    owner: owner ?? (caller || settings.node.hostname),
    durationMs: durationSeconds * 1000,
  });
  const lockOf = ({ id, key, owner, reason, beginMs, endMs }: MaintenanceEntry) => ({
    ...{ id, server: serverOf(key), owner, reason },
    ...{ beganAt: momentOf(beginMs), endsAt: momentOf(endMs) },
  });
  return [
    list({
      ...{ id: 'listDowntimes', area, path: '/downtimes', summary: 'Servers that are left alone, by address' },
      item: DowntimeForm,
      handle: () => entries({ items: downtimes(), key: ({ server }) => [server], render: (downtime) => downtime }),
    }),
    change('post', {
      ...{ id: 'beginDowntime', area, path: '/downtimes', summary: 'Leave a server alone for a time' },
      problems: ['INSTANCE_KEY_INVALID'],
      body: z.strictObject(SpanBody),
      answer: DowntimeForm,
      status: 201,
      handle: async ({ body, caller }) => {
        const key = lookup.key(body.server);
        const { owner, durationMs } = begin(body, caller.name);
        const beginMs = clock.nowMs();
        await services.beginDowntime(key, owner, body.reason, durationMs);
        const known = services.snapshots()[0]?.downtimes.get(keyText(key)); // each snapshot knows all of them
        return downtimeOf(key, known ?? { owner, reason: body.reason, beginMs, endMs: beginMs + durationMs });
      },
    }),
    change('delete', {
      ...{ id: 'endDowntime', area, path: '/downtimes/{server}', summary: 'End a downtime' },
      with: ServerName,
      problems: ['NOT_FOUND', 'INSTANCE_KEY_INVALID'],
      handle: async ({ path }) =>
        mustHave(await services.endDowntime(lookup.key(path.server)), 'downtime', path.server),
    }),
    list({
      ...{ id: 'listMaintenanceLocks', area, path: '/maintenance-locks', summary: 'Locks of servers, by address' },
      item: LockForm,
      handle: () =>
        entries({ items: services.maintenances(), key: ({ key }) => [key.hostname, key.port], render: lockOf }),
    }),
    change('post', {
      ...{ id: 'beginMaintenance', area, path: '/maintenance-locks', summary: 'Keep automation away from a server' },
      problems: ['INSTANCE_KEY_INVALID'],
      body: z.strictObject(SpanBody),
      answer: LockForm,
      status: 201,
      handle: async ({ body, caller }) => {
        const { owner, durationMs } = begin(body, caller.name);
        return lockOf(await services.beginMaintenance(lookup.key(body.server), owner, body.reason, durationMs));
      },
    }),
    change('delete', {
      ...{ id: 'endMaintenance', area, path: '/maintenance-locks/{server}', summary: 'Take a lock away' },
      with: ServerName,
      problems: ['NOT_FOUND', 'INSTANCE_KEY_INVALID'],
      handle: async ({ path }) =>
        mustHave(await services.endMaintenance(lookup.key(path.server)), 'maintenance lock', path.server),
    }),
    list({
      ...{ id: 'listPromotionRules', area, path: '/promotion-rules', summary: 'Rules that were registered, by server' },
      item: RuleForm,
      handle: async () =>
        entries({
          items: await services.candidates(),
          key: ({ key }) => [key.hostname, key.port],
          render: ({ key, rule, suggestedMs, expiresMs }) => ({
            ...{ server: serverOf(key), rule: PROMOTION_RULE_WORDS[rule] },
            ...{ registeredAt: momentOf(suggestedMs), expiresAt: timeOf(expiresMs) },
          }),
        }),
    }),
    change('put', {
      ...{
        id: 'setPromotionRule',
        area,
        path: '/promotion-rules/{server}',
        summary: 'Prefer a server in a failover, or ban it',
      },
      with: ServerName,
      problems: ['INSTANCE_KEY_INVALID'],
      body: z.strictObject({ rule: PromotionRuleWord.exclude(['must']) }),
      handle: async ({ path, body }) => services.setPromotionRule(lookup.key(path.server), GivenRules[body.rule]),
    }),
    list({
      ...{ id: 'listTags', area, path: '/tags', summary: 'Tags of servers, by server and name' },
      query: { server: z.string().max(300).optional(), name: z.string().max(128).optional() },
      problems: ['INSTANCE_KEY_INVALID'],
      item: TagForm,
      handle: async ({ query }) => {
        const of = query.server === undefined ? undefined : lookup.key(query.server);
        const items = (await services.tags(of)).filter(({ name }) => query.name === undefined || name === query.name);
        return entries({
          items,
          key: ({ key, name }) => [key.hostname, key.port, name],
          render: ({ key, name, value }) => ({ server: serverOf(key), name, value }),
        });
      },
    }),
    change('put', {
      ...{ id: 'setTag', area, path: '/instances/{server}/tags/{name}', summary: 'Tag a server' },
      with: { ...ServerName, ...TagName },
      problems: ['INSTANCE_KEY_INVALID'],
      body: z.strictObject({ value: TagValue.optional().describe('Nothing: the tag is there, and says no more') }),
      handle: async ({ path, body: { value = '' } }) =>
        services.tag(lookup.key(path.server), value === '' ? path.name : `${path.name}=${value}`),
    }),
    change('delete', {
      ...{ id: 'removeTag', area, path: '/instances/{server}/tags/{name}', summary: 'Take a tag away from a server' },
      with: { ...ServerName, ...TagName },
      problems: ['NOT_FOUND', 'INSTANCE_KEY_INVALID'],
      handle: async ({ path }) => {
        const key = lookup.key(path.server);
        mustHave(
          (await services.untag(path.name, key)).some((one) => sameKey(one, key)),
          `tag ${path.name}`,
          path.server,
        );
      },
    }),
    change('delete', {
      ...{
        id: 'removeTagEverywhere',
        area,
        path: '/tags/{name}',
        summary: 'Take a tag away from all servers that have it',
      },
      with: TagName,
      query: { value: TagValue.optional().describe('Only where it says exactly this') },
      answer: z.strictObject({ servers: ServerList.describe('Those that had it') }),
      handle: async ({ path, query }) => {
        const text = query.value === undefined ? path.name : `${path.name}=${query.value}`;
        return { servers: serversOf(await services.untag(text, undefined, query.value === undefined)) };
      },
    }),
    list({
      ...{ id: 'listPoolMembers', area, path: '/pool-members', summary: 'Servers in pools, by pool and server' },
      query: { pool: z.string().max(128).optional() },
      item: PoolForm,
      handle: ({ query }) =>
        entries({
          items: services.pools().filter(({ pool }) => query.pool === undefined || pool === query.pool),
          key: ({ pool, key }) => [pool, key.hostname, key.port],
          render: ({ pool, key, registeredMs }) => ({
            pool,
            server: serverOf(key),
            registeredAt: momentOf(registeredMs),
          }),
        }),
    }),
    change('put', {
      ...{ id: 'setPool', area, path: '/pools/{pool}', summary: 'Say which servers are in a pool; no others are' },
      with: PoolName,
      problems: ['INSTANCE_KEY_INVALID'],
      body: z.strictObject({ servers: z.array(Server).max(1_000) }),
      handle: async ({ path, body }) =>
        services.submitPool(path.pool, body.servers.map((server) => serverOf(lookup.given(server))).join(',')),
    }),
  ];

  function downtimes() {
    return listByCluster(services.snapshots()).flatMap(({ snapshot, watched: { instance } }) => {
      const downtime = snapshot.downtimes.get(keyText(instance.key));
      return downtime === undefined ? [] : [downtimeOf(instance.key, downtime)];
    });
  }
}

function downtimeOf(
  key: InstanceKey,
  {
    owner,
    reason,
    beginMs,
    endMs,
  }: { readonly owner: string; readonly reason: string; readonly beginMs: number; readonly endMs: number },
): z.infer<typeof DowntimeForm> {
  return { server: serverOf(key), owner, reason, beganAt: momentOf(beginMs), endsAt: momentOf(endMs) };
}

function mustHave(had: boolean, what: string, server: string): void {
  if (!had) throw new Refused('NOT_FOUND', `${server} has no ${what}`);
}
