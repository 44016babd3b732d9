import { z } from 'zod';
import { REHEARSED, type Rehearsed, type RehearsedName } from '../../../operations/rehearsal.ts';
import { type Method, type MoveStep, stepText } from '../../../topology/move-steps.ts';
import { named, Server, ServerList, serverOf, serversOf } from '../schema.ts';

const METHODS = {
  repoint: 'repoint',
  GTID: 'gtid',
  'binlog server': 'binlogServer',
  'file and position': 'fileAndPosition',
  'Pseudo-GTID': 'pseudoGtid',
  'equivalent position': 'equivalentPosition',
} as const satisfies Readonly<Record<Method, string>>;

const MOVE_STEPS = {
  halt: true,
  drain: true,
  advance: true,
  level: true,
  await: true,
  follow: true,
  resume: true,
} as const satisfies Readonly<Record<MoveStep['kind'], true>>;
type StepKind = MoveStep['kind'];

export const MoveOperation = z.enum(REHEARSED);

export const OperationPlanForm = named(
  'OperationPlan',
  z
    .strictObject({
      operation: MoveOperation,
      moves: z.array(
        z.strictObject({
          method: z.enum(Object.values(METHODS) as [string, ...string[]]),
          why: z.string(),
          locks: ServerList.describe('Servers that nobody else may change meanwhile'),
          steps: z.array(
            z.strictObject({
              kind: z.enum(Object.keys(MOVE_STEPS) as [StepKind, ...StepKind[]]),
              target: Server,
              text: z.string(),
            }),
          ),
        }),
      ),
      errors: z.array(z.string()).describe('What would not work for single servers of many'),
    })
    .describe('What an operation would do; nothing of it is done'),
);

export function operationPlanOf(
  operation: RehearsedName,
  { plans, errors }: Rehearsed,
): z.infer<typeof OperationPlanForm> {
  return {
    operation,
    moves: plans.map(({ method, why, locks, steps }) => ({
      ...{ method: METHODS[method], why, locks: serversOf(locks) },
      steps: steps.map((step) => ({ kind: step.kind, target: serverOf(step.target), text: stepText(step) })),
    })),
    errors: [...errors],
  };
}
