import { z } from 'zod';
import { NO_PROBLEM } from '../../../analysis/analyse.ts';
import { compareKeys, keyText, sameKey } from '../../../topology/instance-key.ts';
import type { AnalysisChange } from '../../ports.ts';
import { type Call, entries, list } from '../call.ts';
import type { V2Deps } from '../calls.ts';
import { flag, numberBehind } from '../paging.ts';
import { AnalysisForm, analysisOf, analysisWord } from '../resources/analysis.ts';
import { momentOf, momentOfText, named, Server, serverOf, Time, textOrNull } from '../schema.ts';

const AuditForm = named(
  'AuditEntry',
  z
    .strictObject({
      id: z.int(),
      at: Time,
      type: z.string().describe('As it is recorded'),
      server: Server.nullable(),
      message: z.string(),
    })
    .describe('Something that was done'),
);
const ChangeForm = named('AnalysisChange', z.strictObject({ server: Server, code: z.string(), at: Time }));

/** What is wrong, and what was done and found. */
export function historyCalls({ services, lookup }: V2Deps): readonly Call[] {
  const area = 'history';
  return [
    list({
      ...{ id: 'listAnalyses', area, path: '/analyses', summary: 'What is wrong with which server, by server' },
      query: {
        cluster: z.string().max(300).optional().describe('Name or alias of a cluster, or one of its servers'),
        server: z.string().max(300).optional(),
        all: flag.optional().describe('`true`: also of servers with which nothing is wrong'),
      },
      problems: ['NOT_FOUND', 'INSTANCE_KEY_INVALID'],
      item: AnalysisForm,
      handle: ({ query }) => {
        const only = query.server === undefined ? undefined : lookup.key(query.server);
        const snapshots = query.cluster === undefined ? services.snapshots() : [lookup.cluster(query.cluster)];
        const items = snapshots
          .flatMap((snapshot) => services.analyse(snapshot).map((analysis) => ({ analysis, snapshot })))
          .filter(
            ({ analysis: { code, structureWarnings, facts } }) =>
              (query.all === true || code !== NO_PROBLEM || structureWarnings.length > 0) &&
              (only === undefined || sameKey(facts.instance.key, only)),
          );
        return entries({
          items,
          key: ({ analysis: { facts } }) => [facts.instance.key.hostname, facts.instance.key.port],
          render: ({ analysis, snapshot }) => analysisOf(analysis, snapshot),
        });
      },
    }),
    list({
      ...{
        id: 'listAnalysisChanges',
        area,
        path: '/analysis-changes',
        summary: 'How analyses of servers changed, oldest first',
      },
      item: ChangeForm,
      handle: async () =>
        entries({
          items: counted(await services.analysisChanges()),
          key: ({ change: { atMs, key }, number }) => [atMs, keyText(key), number],
          render: ({ change: { key, code, atMs } }) => ({
            server: serverOf(key),
            code: analysisWord(code),
            at: momentOf(atMs),
          }),
        }),
    }),
    list({
      ...{ id: 'listAuditEntries', area, path: '/audit-entries', summary: 'What was done, newest first' },
      query: { server: z.string().max(300).optional() },
      problems: ['INSTANCE_KEY_INVALID'],
      item: AuditForm,
      handle: async ({ query, page }) => {
        const only = query.server === undefined ? undefined : lookup.key(query.server);
        const items = await services.auditsBefore(numberBehind(page), page.limit + 1, only);
        return entries({
          items,
          key: ({ id }) => [id],
          newestFirst: true,
          render: ({ id, at, type, key, message }) => ({
            ...{ id, at: momentOfText(at), type, message },
            server: textOrNull(key.hostname === '' ? '' : serverOf(key)),
          }),
        });
      },
    }),
  ];
}

/** Several within one second are told apart by their order. */
function counted(
  changes: readonly AnalysisChange[],
): readonly { readonly change: AnalysisChange; readonly number: number }[] {
  let number = 0;
  return [...changes]
    .sort((a, b) => a.atMs - b.atMs || compareKeys(a.key, b.key))
    .map((change, at, all) => {
      const before = all[at - 1];
      number = before?.atMs === change.atMs && sameKey(before.key, change.key) ? number + 1 : 0;
      return { change, number };
    });
}
