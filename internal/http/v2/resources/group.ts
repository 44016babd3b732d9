import { z } from 'zod';
import type { GroupNow, GroupView, LifeState, MemberView } from '../../group-view.ts';
import { isHealthy, toleranceText } from '../../wire/group.ts';
import { Count, Milliseconds, named, textOrNull } from '../schema.ts';

const Address = z.string().describe('`host:port` that the other nodes dial');

export const MemberForm = named(
  'GroupMember',
  z
    .strictObject({
      address: Address,
      name: z.string(),
      kind: z.enum(['voter', 'learner', 'leaving']),
      labels: z.array(z.string()),
      healthy: z.boolean().describe('In touch with the group'),
      silentMilliseconds: Milliseconds.nullable(),
      clockAheadMilliseconds: z.number().nullable().describe('Of its clock, of that of the node that is asked'),
      behindEntries: Count.nullable().describe('Entries of the log that it lacks; the leader knows'),
    })
    .describe('A daemon of the group'),
);

const LIVES = {
  discovering: true,
  joining: true,
  founding: true,
  voter: true,
  nonVoter: true,
  draining: true,
  isolated: true,
} as const satisfies Readonly<Record<LifeState, true>>;

export const GroupForm = named(
  'Group',
  z
    .strictObject({
      bind: z.string(),
      advertise: Address,
      url: z.string().describe('Of the API of this node'),
      role: z.enum(['leader', 'follower', 'candidate']),
      leads: z.boolean().describe('It leads, and can prove it'),
      healthy: z.boolean(),
      leader: z.strictObject({ address: Address, url: z.string().nullable() }).nullable(),
      leaderContactMilliseconds: Milliseconds.nullable(),
      term: Count,
      commitIndex: Count,
      appliedIndex: Count,
      quorum: Count,
      tolerates: z.int().describe('So many voters may be lost now; below 0, the group can agree on nothing'),
      tolerance: z.string().describe('The same in words'),
      life: z.enum(Object.keys(LIVES) as [LifeState, ...LifeState[]]),
      lifeMilliseconds: Milliseconds,
      waiting: z
        .strictObject({
          phase: z.enum(['discovering', 'joining', 'founding']),
          reason: z.string(),
          lastError: z.string().nullable(),
        })
        .nullable()
        .describe('Why this node is not in its group yet'),
      draining: z.boolean(),
      concerns: z.array(z.string()).describe('Why this node does not want to lead'),
      warnings: z.array(z.string()).describe('What an operator should change about the group'),
      members: z.array(MemberForm),
    })
    .describe('The group as this node sees it'),
);

export function memberOf({
  address,
  name,
  kind,
  labels,
  healthy,
  silentMs,
  clockOffsetMs,
  behind,
}: MemberView): z.infer<typeof MemberForm> {
  return {
    ...{ address, name, kind, labels: [...labels], healthy },
    silentMilliseconds: rounded(silentMs),
    clockAheadMilliseconds: clockOffsetMs === undefined ? null : Math.round(clockOffsetMs),
    behindEntries: behind ?? null,
  };
}

export function groupOf(view: GroupView, readyMaxLag: number): z.infer<typeof GroupForm> {
  const now: GroupNow = view.now();
  const { leader, waiting } = now;
  return {
    bind: view.bind,
    advertise: view.advertise,
    url: view.url,
    role: waiting === undefined ? now.role : 'candidate',
    leads: view.mayAct,
    healthy: isHealthy(view, now, readyMaxLag),
    leader: leader === undefined ? null : { address: leader.address, url: leader.url ?? null },
    leaderContactMilliseconds: rounded(now.leaderContactMs),
    term: now.term,
    commitIndex: now.commit,
    appliedIndex: now.applied,
    quorum: now.quorum,
    tolerates: now.tolerates,
    tolerance: toleranceText(now),
    life: now.life,
    lifeMilliseconds: Math.round(now.lifeMs),
    waiting:
      waiting === undefined
        ? null
        : { phase: waiting.phase, reason: waiting.reason, lastError: textOrNull(waiting.problem ?? '') },
    draining: now.draining,
    concerns: [...now.concerns],
    warnings: [...now.warnings],
    members: now.members.map(memberOf),
  };
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms);
}
