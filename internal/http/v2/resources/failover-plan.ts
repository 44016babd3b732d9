import { z } from 'zod';
import type { Gate } from '../../../recovery/gates.ts';
import type { Step } from '../../../recovery/plan.ts';
import type { Services } from '../../ports.ts';
import { Milliseconds, named, Server, serverOf, textOrNull } from '../schema.ts';

const GateForm = named(
  'Gate',
  z
    .strictObject({
      name: z.string(),
      passed: z.boolean(),
      value: z.string().describe('What was seen, in words'),
      source: z.string().describe('Where it was seen'),
      ageMilliseconds: Milliseconds.nullable(),
    })
    .describe('One question of a decision'),
);

/** What is done by a step. */
const STEP_KINDS = {
  fence: true,
  drain: true,
  feed: true,
  locate: true,
  promote: true,
  forget: true,
  catchUp: true,
  attach: true,
  demote: true,
  detach: true,
  quiesce: true,
  reopen: true,
  semiSyncSource: true,
  semiSyncReplica: true,
  nudge: true,
  open: true,
  acknowledged: true,
  receive: true,
  align: true,
  gather: true,
  enter: true,
} as const satisfies Readonly<Record<Step['kind'], true>>;

const StepForm = z.strictObject({
  kind: z.enum(Object.keys(STEP_KINDS) as [Step['kind'], ...Step['kind'][]]),
  target: Server,
  other: Server.nullable().describe('Whom it is fed from, brought level with, or put below'),
  limitMilliseconds: Milliseconds.nullable(),
});

export const FailoverPlanForm = named(
  'FailoverPlan',
  z
    .strictObject({
      cluster: z.string(),
      kind: z.enum(['promote', 'none']),
      failed: Server,
      successor: Server.nullable(),
      why: z.array(z.string()).describe('Why this one'),
      reasons: z.array(z.string()).describe('Why none'),
      steps: z.array(StepForm),
      lost: z.array(z.strictObject({ server: Server, reason: z.string(), reachable: z.boolean() })),
      atRisk: z.string().nullable().describe('What a replica holds and the successor will not'),
      execution: z
        .array(
          z.strictObject({
            step: z.string(),
            statements: z.array(z.strictObject({ server: Server, sql: z.string() })),
          }),
        )
        .describe('The statements of each step, as they would be sent'),
      gates: z.array(GateForm).describe('What an automatic recovery would have to pass, as it stands now'),
      firstNo: GateForm.nullable(),
    })
    .describe('What would happen if the primary died now; nothing of it is done'),
);

export function failoverPlanOf({
  plan,
  execution,
  gates,
  firstNo,
}: Awaited<ReturnType<Services['failoverPlan']>>): z.input<typeof FailoverPlanForm> {
  const promotes = plan.kind === 'promote';
  return {
    cluster: plan.cluster,
    kind: plan.kind,
    failed: serverOf(plan.failed),
    successor: promotes ? serverOf(plan.successor) : null,
    why: promotes ? [...plan.why] : [],
    reasons: promotes ? [] : [...plan.reasons],
    steps: promotes ? plan.steps.map(stepOf) : [],
    lost: promotes ? plan.lost.map(({ key, reason, reachable }) => ({ server: serverOf(key), reason, reachable })) : [],
    atRisk: promotes ? textOrNull(plan.atRisk) : null,
    execution: execution.map(({ step, statements }) => ({ step, statements: [...statements] })),
    gates: gates.map(gateOf),
    firstNo: firstNo === null ? null : gateOf(firstNo),
  };
}

function stepOf(step: Step): z.input<typeof StepForm> {
  const { kind, target } = step;
  const limitMilliseconds = 'limitMs' in step ? (step.limitMs ?? null) : null;
  const other =
    'from' in step ? step.from : 'holder' in step ? step.holder : 'source' in step ? step.source : undefined;
  return { kind, target: serverOf(target), other: other === undefined ? null : serverOf(other), limitMilliseconds };
}

function gateOf({ name, passed, value, source, ageMs }: Gate): z.input<typeof GateForm> {
  return { name, passed, value, source, ageMilliseconds: ageMs ?? null };
}
