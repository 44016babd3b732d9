import { z } from 'zod';
import type { OperationRequest } from '../../../operations/requests.ts';
import type { InstanceKey } from '../../../topology/instance-key.ts';
import { type Call, change, read } from '../call.ts';
import type { V2Deps } from '../calls.ts';
import { Refused } from '../problem.ts';
import { OperationBody, OutcomeForm, outcomeOf } from '../resources/operation.ts';
import { MoveOperation, OperationPlanForm, operationPlanOf } from '../resources/operation-plan.ts';
import { Server } from '../schema.ts';
import { ServerName, UNREADABLE } from './instances.ts';

/** The members that an operation takes depend on which one it is. */
function notOfThisKind({ issues }: z.ZodError): Refused {
  const found = issues.map(({ path, message }) => ({ at: ['query', ...path].join('.'), problem: message }));
  return new Refused('BAD_REQUEST', `${found[0]?.at}: ${found[0]?.problem}`, { issues: found });
}

/** What an operator asks of servers, and what that would come to. */
export function operationCalls({ services, lookup }: V2Deps): readonly Call[] {
  const area = 'operations';
  return [
    change('post', {
      ...{ id: 'operate', area, path: '/instances/{server}/operations' },
      summary: 'Move a server or its replicas, start, stop or switch something',
      description: 'Everything is checked before the first change. The answer comes when it is done.',
      with: ServerName,
      problems: [
        ...(['NOT_FOUND', 'INSTANCE_KEY_INVALID', 'OPERATION_FAILED', 'CONNECT_FAILED', 'CONNECT_TIMEOUT'] as const),
        ...(['PROBE_FAILED', 'PROBE_TIMEOUT', 'STATEMENT_FAILED', 'STATEMENT_TIMEOUT', 'GTID_INVALID'] as const),
      ],
      body: OperationBody,
      answer: OutcomeForm,
      handle: async ({ path, body }) => {
        const request = requestOf(lookup.member(path.server).watched.instance.key, body);
        return outcomeOf(body.operation, await services.operate(request));
      },
    }),
    read({
      ...{ id: 'planOperation', area, path: '/instances/{server}/operation-plan' },
      summary: 'What a move would do, and why so; servers are read, and nothing is changed',
      with: ServerName,
      query: {
        operation: MoveOperation,
        below: Server.optional(),
        sibling: Server.optional(),
        pattern: z.string().max(1_000).optional(),
      },
      problems: [...UNREADABLE, 'NOT_FOUND', 'INSTANCE_KEY_INVALID', 'CONFLICT', 'GTID_INVALID'],
      answer: OperationPlanForm,
      handle: async ({ path, query: { stale: _, ...query } }) => {
        const body = OperationBody.safeParse(query);
        if (!body.success) throw notOfThisKind(body.error);
        const request = requestOf(lookup.member(path.server).watched.instance.key, body.data);
        return operationPlanOf(query.operation, await services.rehearse(query.operation, request));
      },
    }),
  ];

  function requestOf(target: InstanceKey, body: z.infer<typeof OperationBody>): OperationRequest {
    const { operation } = body;
    const other = 'below' in body ? body.below : 'sibling' in body ? body.sibling : undefined;
    return {
      ...{ operation, target },
      pattern: 'pattern' in body ? (body.pattern ?? '') : '',
      ...(other === undefined ? {} : { below: lookup.key(other) }),
      ...('relayLogsOnly' in body && body.relayLogsOnly === true ? { relayLogsOnly: true } : {}),
      ...('delaySeconds' in body ? { number: body.delaySeconds } : {}),
      ...('processId' in body ? { number: body.processId } : {}),
      ...('file' in body ? { file: body.file, force: body.force === true } : {}),
    };
  }
}
