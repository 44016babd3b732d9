import { parseDurationMs } from '../../runtime/duration.ts';
import { ownName } from '../../runtime/own-name.ts';
import { keyText, sameKey } from '../../topology/instance-key.ts';
import { parsePromotionRule } from '../../topology/promotion-rule.ts';
import { type Command, type CommandContext, fail, required } from '../command.ts';

/** Of a downtime, and of a maintenance lock. */
const DEFAULT_PERIOD_MS = 600_000;

/** What is known of servers: discovery, downtime, promotion rules. */
export const INSTANCES: readonly Command[] = [
  {
    name: 'discover',
    synonyms: ['async-discover'],
    section: 'Instance management',
    summary: 'Read an instance now and keep what was read',
    options: '-i HOST[:PORT]',
    notes: 'Its master and replicas are discovered too when a daemon runs on this backend.',
    each: true,
    run: async ({ select, actions }) => [keyText(await (await actions()).discover(select.exactKey()))],
  },
  {
    name: 'forget',
    section: 'Instance management',
    summary: 'Forget an instance; discovery may find it again',
    options: '-i! HOST[:PORT]',
    notes: 'The name is taken exactly as given.',
    each: true,
    run: async (context) => {
      required(context, 'i');
      const key = context.select.exactKey();
      await (await context.actions()).forget(key);
      return [keyText(key)];
    },
  },
  {
    name: 'begin-downtime',
    section: 'Instance management',
    summary: 'Put an instance into downtime: its problems start no recovery',
    options: '-i HOST[:PORT] -reason! TEXT [-duration 10m] [-owner NAME]',
    notes: 'Replaces an earlier downtime of the instance.',
    each: true,
    run: async (context) => {
      const period = periodOf(context);
      const key = context.select.key();
      await (await context.actions()).beginDowntime(key, period);
      return [keyText(key)];
    },
  },
  {
    name: 'end-downtime',
    section: 'Instance management',
    summary: 'End the downtime of an instance',
    options: '-i HOST[:PORT]',
    each: true,
    run: async ({ select, actions }) => {
      const key = select.key();
      await (await actions()).endDowntime(key);
      return [keyText(key)];
    },
  },
  {
    name: 'begin-maintenance',
    section: 'Instance management',
    summary: 'Keep automation away from an instance',
    options: '-i HOST[:PORT] -reason! TEXT [-duration 10m] [-owner NAME]',
    notes: 'Fails where the instance is in maintenance already.',
    each: true,
    run: async (context) => {
      const period = periodOf(context);
      const key = context.select.key();
      await (await context.actions()).beginMaintenance(key, period);
      return [keyText(key)];
    },
  },
  {
    name: 'end-maintenance',
    section: 'Instance management',
    summary: 'End the maintenance of an instance',
    options: '-i HOST[:PORT]',
    each: true,
    run: async ({ select, actions }) => {
      const key = select.key();
      await (await actions()).endMaintenance(key);
      return [keyText(key)];
    },
  },
  {
    name: 'in-maintenance',
    section: 'Instance management',
    summary: 'Print the instance if it is in maintenance',
    options: '-i HOST[:PORT]',
    each: true,
    run: ({ select, world, nowMs }) => {
      const key = select.key();
      const held = world.restored.maintenances.some((lock) => sameKey(lock.key, key) && lock.endMs > nowMs);
      return held ? [keyText(key)] : [];
    },
  },
  {
    name: 'register-candidate',
    section: 'Instance, meta',
    summary: 'Register how much an instance is wanted as a master',
    options: '-i HOST[:PORT] [-promotion-rule prefer]',
    notes: 'Rules: prefer, neutral, prefer_not, must_not.',
    each: true,
    run: async ({ select, actions, arguments: given }) => {
      const key = select.key();
      const rule = parsePromotionRule(given.text('promotion-rule')) ?? fail('no such promotion rule');
      await (await actions()).setPromotionRule(key, rule);
      return [keyText(key)];
    },
  },
  {
    name: 'register-hostname-unresolve',
    section: 'Instance, meta',
    summary: 'Have replicas of an instance told another name of its host',
    options: '-i HOST[:PORT] -hostname NAME',
    notes:
      'Without a name: the host itself again. It runs out after ExpiryHostnameResolvesMinutes unless it is registered anew.',
    each: true,
    run: async ({ select, actions, arguments: given }) => {
      const key = select.key();
      await (await actions()).registerVirtualName(key, given.text('hostname').trim());
      return [keyText(key)];
    },
  },
  {
    name: 'deregister-hostname-unresolve',
    section: 'Instance, meta',
    summary: 'Have replicas of an instance told its host itself again',
    options: '-i HOST[:PORT]',
    each: true,
    run: async ({ select, actions }) => {
      const key = select.key();
      await (await actions()).registerVirtualName(key, '');
      return [keyText(key)];
    },
  },
];

function periodOf(context: CommandContext) {
  const reason = required(context, 'reason');
  const durationMs = parseDurationMs(context.arguments.text('duration')) || DEFAULT_PERIOD_MS;
  return { owner: ownerOf(context), reason, durationMs };
}

/** Of `-owner`, else the user this process runs as. */
export function ownerOf({ arguments: given }: CommandContext): string {
  return given.text('owner') || ownName();
}
