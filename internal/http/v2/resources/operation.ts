// What may be asked of a server, as one table: which members each operation takes besides its name.

import { z } from 'zod';
import type { OperationName, OperationOutcome } from '../../../operations/requests.ts';
import { Count, named, Server, ServerList, serverOf, serversOf } from '../schema.ts';

const pattern = z
  .string()
  .max(1_000)
  .optional()
  .describe('Those whose `host:port` matches this expression; all where it is not given');
const relayLogsOnly = z.boolean().optional().describe('Markers are looked for in the relay logs of a replica alone');

const FORMS = {
  alone: {},
  below: { below: Server.describe('The next source') },
  belowOrSource: { below: Server.optional().describe('The next source; the present one where it is not given') },
  match: { below: Server.describe('The next source'), relayLogsOnly },
  matchUp: { relayLogsOnly },
  matchReplicas: { below: Server.describe('The next source'), pattern, relayLogsOnly },
  matchUpReplicas: { pattern, relayLogsOnly },
  sibling: { sibling: Server.describe('Whose place it is put below; both have one source') },
  replicas: {
    pattern,
  },
  replicasBelow: {
    below: Server.describe('The next source'),
    pattern,
  },
  replicasBelowOrSource: {
    below: Server.optional().describe('The next source; the server itself where it is not given'),
    pattern,
  },
  seconds: { delaySeconds: z.int().min(0).max(2_147_483_647) },
  session: { processId: z.int().min(1) },
  binaryLog: {
    file: z.string().trim().min(1).max(512).describe('The oldest that is kept; `latest`: the present one'),
    force: z.boolean().optional().describe('Although replicas may still need what goes'),
  },
} as const satisfies Readonly<Record<string, z.ZodRawShape>>;
type Form = keyof typeof FORMS;

const FORM_OF = {
  relocate: 'below',
  moveByGtid: 'below',
  match: 'match',
  moveEquivalent: 'below',
  moveBelow: 'sibling',
  repoint: 'belowOrSource',
  moveUp: 'alone',
  matchUp: 'matchUp',
  relocateReplicas: 'replicasBelow',
  moveReplicasByGtid: 'replicasBelow',
  matchReplicas: 'matchReplicas',
  repointReplicas: 'replicasBelowOrSource',
  moveUpReplicas: 'replicas',
  matchUpReplicas: 'matchUpReplicas',
  takeSiblings: 'alone',
  takeSource: 'alone',
  regroup: 'alone',
  regroupByGtid: 'alone',
  regroupByPseudoGtid: 'alone',
  regroupBinlogServers: 'alone',
  makeCoPrimary: 'alone',
  makePrimary: 'alone',
  makeLocalPrimary: 'alone',
  enableGtid: 'alone',
  disableGtid: 'alone',
  detach: 'alone',
  reattach: 'alone',
  startReplication: 'alone',
  stopReplication: 'alone',
  stopReplicationNicely: 'alone',
  restartReplication: 'alone',
  forgetSource: 'alone',
  setLogin: 'alone',
  setDelay: 'seconds',
  skipQuery: 'alone',
  setReadOnly: 'alone',
  setWritable: 'alone',
  enableSemiSyncSource: 'alone',
  disableSemiSyncSource: 'alone',
  enableSemiSyncReplica: 'alone',
  disableSemiSyncReplica: 'alone',
  killQuery: 'session',
  flushBinaryLogs: 'alone',
  purgeBinaryLogs: 'binaryLog',
  resetErrant: 'alone',
  injectErrant: 'alone',
} as const satisfies Readonly<Record<OperationName, Form>>;

const namesOf = <F extends Form>(form: F) => {
  type Name = { [N in OperationName]: (typeof FORM_OF)[N] extends F ? N : never }[OperationName];
  return (Object.keys(FORM_OF) as OperationName[]).filter((name) => FORM_OF[name] === form) as [Name, ...Name[]];
};
const ofForm = <F extends Form>(form: F) => z.strictObject({ operation: z.enum(namesOf(form)), ...FORMS[form] });

export const OperationBody = named(
  'OperationRequest',
  z
    .discriminatedUnion('operation', [
      ofForm('alone'),
      ofForm('below'),
      ofForm('belowOrSource'),
      ofForm('match'),
      ofForm('matchUp'),
      ofForm('matchReplicas'),
      ofForm('matchUpReplicas'),
      ofForm('sibling'),
      ofForm('replicas'),
      ofForm('replicasBelow'),
      ofForm('replicasBelowOrSource'),
      ofForm('seconds'),
      ofForm('session'),
      ofForm('binaryLog'),
    ])
    .describe('What is to be done to a server, or to its replicas'),
);

export const OutcomeForm = named(
  'OperationOutcome',
  z
    .strictObject({
      operation: z.string(),
      server: Server.describe('The server that it is about, under the name that it is known by'),
      moved: ServerList.describe('Servers that have another place, or another way of replicating'),
      errors: z.array(z.string()).describe('What did not work for single servers of many'),
      message: z.string(),
      regrouped: z
        .strictObject({ lost: Count, equal: Count, moved: Count })
        .nullable()
        .describe('Of the siblings of the server that leads them now: stayed, had received as much, or less'),
    })
    .describe('What came of an operation'),
);

export function outcomeOf(
  operation: OperationName,
  { subject, moved, errors, text, regrouped }: OperationOutcome,
): z.infer<typeof OutcomeForm> {
  return {
    operation,
    server: serverOf(subject),
    moved: serversOf(moved),
    errors: [...errors],
    message: text,
    regrouped: regrouped === undefined ? null : { ...regrouped },
  };
}
