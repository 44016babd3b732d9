import { z } from 'zod';
import { KINDS, type RecoveryKind } from '../../../recovery/kinds.ts';
import { analysisWord } from '../resources/analysis.ts';
import { MemberForm } from '../resources/group.ts';
import { Count, momentOf, named, Server, serverOf, serverOrNull, Time, timeOf } from '../schema.ts';
import type { Happening, Told } from './happenings.ts';

const ThreadState = z.enum(['none', 'stopped', 'running', 'other']);
const STANDING = ['cluster', 'source', 'readOnly', 'reachable', 'receiver', 'applier', 'version'] as const;

const event = <T extends string, S extends z.ZodRawShape>(type: T, about: string, shape: S) =>
  z.strictObject({ type: z.literal(type), at: Time, ...shape }).describe(about);

const Wish = {
  server: Server,
  owner: z.string(),
  reason: z.string(),
  endsAt: Time.nullable().describe('Null: it ended'),
};

export const EventForm = named(
  'Event',
  z.discriminatedUnion('type', [
    event('open', 'The first one of each stream; what happens behind its id follows', {
      node: z.string().describe('Who tells it'),
      resumed: z.boolean().describe('All that happened since the id that was given follows'),
    }),
    event('reset', 'Something is not told of: read the state anew', {
      reason: z
        .enum(['restarted', 'overrun', 'unknownId', 'stateReplaced'])
        .describe(
          'The node was started anew, or more happened than it keeps; the id is none; or all that it knew was replaced',
        ),
    }),
    event('topology', 'A server came, went, or stands otherwise', {
      change: z.enum(['added', 'changed', 'forgotten']),
      server: Server,
      changed: z.array(z.enum(STANDING)),
      now: z
        .strictObject({
          cluster: z.string(),
          source: Server.nullable(),
          readOnly: z.boolean(),
          reachable: z.boolean(),
          receiver: ThreadState,
          applier: ThreadState,
          version: z.string(),
        })
        .nullable(),
    }),
    event('analysis', 'Something else is wrong with a server, or nothing any more', {
      server: Server,
      code: z.string(),
      before: z.string().nullable(),
    }),
    event('detection', 'A failure is told of', { server: Server, code: z.string(), cluster: z.string() }),
    event('recovery', 'A recovery began, changed hands, ended or was acknowledged', {
      phase: z.enum(['began', 'takenOver', 'ended', 'acknowledged']),
      uid: z.string(),
      kind: z.enum(Object.keys(KINDS) as [RecoveryKind, ...RecoveryKind[]]),
      code: z.string(),
      failed: Server,
      cluster: z.string(),
      successful: z.boolean().nullable().describe('Null: it is under way'),
      successor: Server.nullable(),
      errors: z.array(z.string()),
    }),
    event('recoveryStep', 'A step of a recovery', {
      phase: z.enum(['began', 'ended']),
      uid: z.string(),
      number: Count,
      step: z.string(),
      error: z.string().nullable(),
    }),
    event('downtime', 'A server is left alone, or no longer', Wish),
    event('maintenance', 'A server is locked, or no longer', Wish),
    event('globalRecoveries', 'The switch of all recoveries', { enabled: z.boolean() }),
    event('group', 'The group of daemons, as this node sees it', {
      role: z.enum(['leader', 'follower', 'candidate']),
      leads: z.boolean(),
      leader: z.string().nullable(),
      term: Count,
      draining: z.boolean(),
      members: z.array(MemberForm.pick({ address: true, kind: true, healthy: true })),
    }),
  ]),
);

export type EventBody = z.input<typeof EventForm>;
export type EventType = EventBody['type'];
export const EVENT_TYPES = EventForm.options.map(({ shape }) => shape.type.value);

export function eventOf({ atMs, happening }: Told): EventBody {
  return { at: momentOf(atMs), ...bodyOf(happening) };
}

type Body<E = EventBody> = E extends unknown ? Omit<E, 'at'> : never;

function bodyOf(one: Happening): Body {
  switch (one.type) {
    case 'topology': {
      const { type, change, key, changed, now } = one;
      const standing = now === undefined ? null : { ...now, source: serverOrNull(now.source) };
      return { type, change, server: serverOf(key), changed: [...changed], now: standing };
    }
    case 'analysis': {
      const before = one.before === undefined ? null : analysisWord(one.before);
      return { type: one.type, server: serverOf(one.key), code: analysisWord(one.code), before };
    }
    case 'detection':
      return { type: one.type, server: serverOf(one.key), code: analysisWord(one.code), cluster: one.cluster };
    case 'recovery': {
      const { type, phase, uid, kind, cluster } = one;
      const outcome = {
        successful: one.successful ?? null,
        successor: serverOrNull(one.successor),
        errors: [...one.errors],
      };
      return { type, phase, uid, kind, code: analysisWord(one.code), failed: serverOf(one.key), cluster, ...outcome };
    }
    case 'recoveryStep': {
      const { type, phase, uid, number, step } = one;
      return { type, phase, uid, number, step, error: one.error ?? null };
    }
    case 'downtime':
    case 'maintenance': {
      const { type, key, owner, reason, endsMs } = one;
      return { type, server: serverOf(key), owner, reason, endsAt: timeOf(endsMs) };
    }
    case 'group': {
      const { type, role, leads, leader, term, draining, members } = one;
      return {
        type,
        role,
        leads,
        leader: leader ?? null,
        term,
        draining,
        members: members.map((member) => ({ ...member })),
      };
    }
    case 'globalRecoveries':
    case 'reset':
      return { ...one };
  }
}
