import { z } from 'zod';
import { KINDS, type RecoveryKind } from '../../../recovery/kinds.ts';
import type { DetectionEntry, RecoveryEntry, RecoveryStepEntry } from '../../ports.ts';
import {
  Coordinates,
  coordinatesOf,
  momentOf,
  momentOfText,
  named,
  Server,
  ServerList,
  serverOf,
  serverOrNull,
  serversOf,
  Time,
  textOrNull,
  timeOf,
} from '../schema.ts';
import { analysisWord } from './analysis.ts';

/** Of the past: another version may have known other codes. */
const Code = z.string().describe('The analysis that it began with');

export const RecoveryForm = named(
  'Recovery',
  z
    .strictObject({
      uid: z.string(),
      id: z.int().nullable().describe('The number that the backend gave it'),
      kind: z.enum(Object.keys(KINDS) as [RecoveryKind, ...RecoveryKind[]]),
      code: Code,
      failed: Server,
      cluster: z.string(),
      alias: z.string(),
      startedAt: Time,
      endedAt: Time.nullable().describe('Null: it is under way'),
      successful: z.boolean(),
      successor: Server.nullable(),
      successorAlias: z.string().nullable(),
      successorCoordinates: Coordinates.nullable(),
      lost: z.array(z.strictObject({ server: Server, reason: z.string(), reachable: z.boolean() })),
      participants: ServerList,
      errors: z.array(z.string()),
      changedNothing: z.boolean().describe('It ended before any server was changed, and holds no other one back'),
      acknowledgement: z.strictObject({ by: z.string(), comment: z.string(), at: Time }).nullable(),
      detectionId: z.int().nullable(),
      node: z.string().describe('Who ran it'),
    })
    .describe('What was done about a failure'),
);

export const RecoveryStepForm = named(
  'RecoveryStep',
  z.strictObject({ id: z.int(), at: Time, message: z.string() }).describe('What a recovery said of itself'),
);

export const DetectionForm = named(
  'Detection',
  z
    .strictObject({
      id: z.int(),
      code: Code,
      failed: Server,
      cluster: z.string(),
      alias: z.string(),
      replicas: ServerList,
      actionable: z.boolean(),
      active: z.boolean().describe('The same is not told of again'),
      detectedAt: Time,
      recoveryId: z.int().nullable(),
      node: z.string(),
    })
    .describe('A failure that was told of'),
);

export function recoveryOf({ id, detectionId, node, record }: RecoveryEntry): z.infer<typeof RecoveryForm> {
  const { acknowledged, successorCoordinates: coordinates } = record;
  return {
    uid: record.uid,
    id: id === 0 ? null : id,
    kind: record.kind,
    code: analysisWord(record.code),
    failed: serverOf(record.failed),
    cluster: record.cluster,
    alias: record.alias,
    startedAt: momentOf(record.startedMs),
    endedAt: timeOf(record.endedMs),
    successful: record.successful,
    successor: serverOrNull(record.successor),
    successorAlias: textOrNull(record.successorAlias ?? ''),
    successorCoordinates: coordinates === undefined ? null : coordinatesOf(coordinates),
    lost: record.lost.map(({ key, reason, reachable }) => ({ server: serverOf(key), reason, reachable })),
    participants: serversOf(record.participants),
    errors: [...record.errors],
    changedNothing: record.harmless,
    acknowledgement:
      acknowledged === undefined
        ? null
        : { by: acknowledged.by, comment: acknowledged.comment, at: momentOf(acknowledged.atMs) },
    detectionId: detectionId === 0 ? null : detectionId,
    node: node.hostname,
  };
}

export function stepOf({ id, at, message }: RecoveryStepEntry): z.infer<typeof RecoveryStepForm> {
  return { id, at: momentOfText(at), message };
}

export function detectionOf(entry: DetectionEntry): z.infer<typeof DetectionForm> {
  return {
    id: entry.id,
    code: analysisWord(entry.code),
    failed: serverOf(entry.failed),
    cluster: entry.cluster,
    alias: entry.alias,
    replicas: serversOf(entry.replicas),
    actionable: entry.actionable,
    active: entry.active,
    detectedAt: momentOf(entry.detectedMs),
    recoveryId: entry.recoveryId === 0 ? null : entry.recoveryId,
    node: entry.node.hostname,
  };
}
