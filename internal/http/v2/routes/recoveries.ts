import { z } from 'zod';
import type { RecoveryRecord } from '../../../recovery/book.ts';
import { compareKeys, type InstanceKey, sameKey } from '../../../topology/instance-key.ts';
import type { RecoveryEntry } from '../../ports.ts';
import { forceFailover, recoverServer } from '../../recovery-requests.ts';
import { type Call, change, entries, list, read } from '../call.ts';
import type { V2Deps } from '../calls.ts';
import { flag, numberBehind } from '../paging.ts';
import { Refused } from '../problem.ts';
import { analysisWord } from '../resources/analysis.ts';
import {
  DetectionForm,
  detectionOf,
  RecoveryForm,
  RecoveryStepForm,
  recoveryOf,
  stepOf,
} from '../resources/recovery.ts';
import { momentOf, named, Server, serverOf, Time } from '../schema.ts';

const Uid = { uid: z.string().min(1).max(200) };

const RecoveryBody = named(
  'RecoveryRequest',
  z.discriminatedUnion('kind', [
    z
      .strictObject({
        kind: z.literal('recover'),
        server: Server.describe('The one that failed'),
        successor: Server.optional(),
        skipScripts: z.boolean().optional(),
      })
      .describe('Recover a server with which something is wrong'),
    z
      .strictObject({ kind: z.literal('failover'), cluster: z.string().max(300), successor: Server.optional() })
      .describe('Replace the primary, whether it answers or not'),
    z
      .strictObject({
        kind: z.literal('takeover'),
        cluster: z.string().max(300),
        successor: Server.optional(),
        startOldPrimary: z.boolean().optional().describe('The old primary replicates from the new one at once'),
      })
      .describe('Replace a primary that is well, without losing a write'),
  ]),
);

const Done = named(
  'RecoveryOutcome',
  z.strictObject({
    recovery: RecoveryForm,
    repeated: z.boolean().describe('It was executed a moment ago, for an earlier call'),
    warnings: z.array(z.string()),
  }),
);

const AcknowledgementBody = z.strictObject({
  comment: z.string().trim().min(1).max(1_000),
  uid: z.string().max(200).optional().describe('One recovery'),
  cluster: z.string().max(300).optional().describe('All of a cluster'),
  server: Server.optional().describe('All of a server that failed'),
  all: z.literal(true).optional(),
});

/** What heals, by itself or on request, and the switch that keeps anything from healing by itself. */
export function recoveryCalls({ services, settings, lookup }: V2Deps): readonly Call[] {
  const area = 'recoveries';
  const Switch = named('GlobalRecoveries', z.strictObject({ enabled: z.boolean() }));
  const state = () => ({ enabled: !services.recoveriesDisabled() });
  return [
    list({
      ...{ id: 'listRecoveries', area, path: '/recoveries', summary: 'Recoveries, newest first' },
      query: {
        cluster: z.string().max(300).optional().describe('Name that the cluster had, or its alias'),
        server: z.string().max(300).optional().describe('The one that failed'),
        acknowledged: flag.optional(),
        underWay: flag.optional(),
      },
      problems: ['INSTANCE_KEY_INVALID'],
      item: RecoveryForm,
      handle: async ({ query }) => {
        const failed = query.server === undefined ? undefined : lookup.key(query.server);
        const fits = ({ record }: RecoveryEntry) =>
          [undefined, record.cluster, record.alias].includes(query.cluster) &&
          (failed === undefined || sameKey(record.failed, failed)) &&
          [undefined, record.acknowledged !== undefined].includes(query.acknowledged) &&
          [undefined, record.endedMs === undefined].includes(query.underWay);
        const items = (await services.recoveries()).filter(fits);
        return entries({
          items,
          key: ({ record }) => [record.startedMs, record.uid],
          newestFirst: true,
          render: recoveryOf,
        });
      },
    }),
    read({
      ...{ id: 'getRecovery', area, path: '/recoveries/{uid}', summary: 'One recovery' },
      with: Uid,
      problems: ['NOT_FOUND'],
      answer: RecoveryForm,
      handle: async ({ path }) => recoveryOf(await entryOf(path.uid)),
    }),
    list({
      ...{ id: 'listRecoverySteps', area, path: '/recoveries/{uid}/steps', summary: 'What a recovery did, in order' },
      with: Uid,
      problems: ['NOT_FOUND'],
      item: RecoveryStepForm,
      handle: async ({ path }) => {
        const { record } = await entryOf(path.uid);
        return entries({ items: await services.steps(record.uid), key: ({ id }) => [id], render: stepOf });
      },
    }),
    change('post', {
      ...{ id: 'recover', area, path: '/recoveries', summary: 'Recover a server, or replace the primary of a cluster' },
      description: 'The answer comes when it is over. One that fails says so with `details.uid`.',
      problems: [
        'NOT_FOUND',
        'INSTANCE_KEY_INVALID',
        'AMBIGUOUS',
        'RECOVERY_REFUSED',
        'RECOVERY_FAILED',
        'OPERATION_FAILED',
        'HOOK_FAILED',
        'HOOK_TIMEOUT',
        'CONNECT_FAILED',
        'CONNECT_TIMEOUT',
        'PROBE_FAILED',
        'PROBE_TIMEOUT',
        'STATEMENT_FAILED',
        'STATEMENT_TIMEOUT',
      ],
      body: RecoveryBody,
      answer: Done,
      handle: async ({ body }) => {
        const { record, repeated, warnings } = await recovered(body);
        if (!record.successful)
          throw new Refused('RECOVERY_FAILED', record.errors.join('; ') || 'the recovery failed', { uid: record.uid });
        const stored = (await services.recoveries()).find((one) => one.record.uid === record.uid);
        const entry = { id: 0, detectionId: 0, node: settings.node, ...stored, record };
        return { recovery: recoveryOf(entry), repeated, warnings: [...warnings] };
      },
    }),
    change('post', {
      ...{
        id: 'acknowledge',
        area,
        path: '/acknowledgements',
        summary: 'Say that somebody has looked: recoveries may start anew',
      },
      problems: ['NOT_FOUND', 'INSTANCE_KEY_INVALID'],
      body: AcknowledgementBody,
      answer: z.strictObject({ acknowledged: z.array(z.string()).describe('Uids of those that were not before') }),
      handle: async ({ body, caller }) => {
        const picks = await picked(body);
        const done = await services.acknowledge(picks, caller.name || settings.node.hostname, body.comment);
        return { acknowledged: done.map(({ uid }) => uid) };
      },
    }),
    read({
      ...{
        id: 'getGlobalRecoveries',
        area,
        path: '/global-recoveries',
        summary: 'Whether anything recovers by itself',
      },
      answer: Switch,
      handle: state,
    }),
    change('put', {
      ...{
        id: 'setGlobalRecoveries',
        area,
        path: '/global-recoveries',
        summary: 'Have nothing, or everything, recover by itself',
      },
      body: Switch,
      answer: Switch,
      handle: async ({ body }) => {
        await services.setRecoveriesDisabled(!body.enabled);
        return state();
      },
    }),
    list({
      ...{ id: 'listDetections', area, path: '/detections', summary: 'Failures that were told of, newest first' },
      item: DetectionForm,
      handle: async ({ page }) => {
        const items = await services.detectionsBefore(numberBehind(page), page.limit + 1);
        return entries({ items, key: ({ id }) => [id], newestFirst: true, render: detectionOf });
      },
    }),
    list({
      ...{ id: 'listBlockedRecoveries', area, path: '/blocked-recoveries' },
      summary: 'Recoveries that another one, not long ago, keeps from starting',
      query: { cluster: z.string().max(300).optional().describe('Name of the cluster') },
      item: named(
        'BlockedRecovery',
        z.strictObject({
          failed: Server,
          cluster: z.string(),
          code: z.string(),
          blockedAt: Time,
          blockedBy: z.string(),
        }),
      ),
      handle: async ({ query }) =>
        entries({
          items: [...(await services.blockedRecoveries(query.cluster))].sort((a, b) => compareKeys(a.failed, b.failed)),
          key: ({ failed }) => [failed.hostname, failed.port],
          render: ({ failed, cluster, code, atMs, blockingUid }) => ({
            ...{ failed: serverOf(failed), cluster, code: analysisWord(code) },
            ...{ blockedAt: momentOf(atMs), blockedBy: blockingUid },
          }),
        }),
    }),
  ];

  async function entryOf(uid: string): Promise<RecoveryEntry> {
    const found = (await services.recoveries()).find(({ record }) => record.uid === uid);
    if (found === undefined) throw new Refused('NOT_FOUND', `no recovery is known as ${uid}`);
    return found;
  }

  async function recovered(body: z.infer<typeof RecoveryBody>) {
    const designated = body.successor === undefined ? {} : { designated: lookup.key(body.successor) };
    if (body.kind === 'takeover') {
      const request = { snapshot: lookup.cluster(body.cluster), auto: body.startOldPrimary === true, ...designated };
      return { ...(await services.takeOver(request)), repeated: false };
    }
    const done =
      body.kind === 'recover'
        ? await recoverServer(services, () => lookup.member(body.server), {
            ...designated,
            skipHooks: body.skipScripts === true,
          })
        : await forceFailover(services, lookup.cluster(body.cluster), {
            command: body.successor === undefined ? 'force-master-failover' : 'force-master-takeover',
            ...designated,
          });
    if (done.kind === 'ambiguous') throw new Refused('AMBIGUOUS', 'the cluster has not exactly one primary');
    if (done.kind === 'none') throw new Refused('RECOVERY_REFUSED', done.reason);
    return { record: done.record, repeated: done.kind === 'repeated', warnings: [] };
  }

  async function picked(body: z.infer<typeof AcknowledgementBody>): Promise<(record: RecoveryRecord) => boolean> {
    const { uid, cluster, server, all } = body;
    if ([uid, cluster, server, all].filter((one) => one !== undefined).length !== 1)
      throw new Refused('BAD_REQUEST', 'give one of uid, cluster, server and all');
    if (uid !== undefined) {
      const { record } = await entryOf(uid);
      return (one) => one.uid === record.uid;
    }
    if (cluster !== undefined) {
      const { name, alias } = lookup.cluster(cluster);
      return (one) => one.cluster === name || one.alias === alias;
    }
    if (server === undefined) return () => true;
    const key: InstanceKey = lookup.key(server);
    return (one) => sameKey(one.failed, key);
  }
}
