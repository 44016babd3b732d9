import { compileGoRegexp } from '../runtime/go-regexp.ts';
import { type InstanceKey, keyText, sameKey } from '../topology/instance-key.ts';
import { Columns } from './columns.ts';
import type { ProbeRows } from './probe-rows.ts';

export interface ReplicaDiscovery {
  /** What replicas report of themselves counts alone; the sessions that read the binary log only where none reports. */
  readonly registeredFirst: boolean;
  /** Patterns of users; whoever replicates with one that matches is not followed. */
  readonly ignoredUsers: readonly string[];
}

export interface FoundReplicas {
  readonly keys: readonly InstanceKey[];
  /** Left out for their user, as `user@host`. */
  readonly ignored: readonly string[];
}

const EVERYONE: ReplicaDiscovery = { registeredFirst: false, ignoredUsers: [] };

interface Session {
  readonly user: string;
  readonly host: string;
  readonly uuid: string;
}

/**
 * Replicas that registered themselves, their hosts completed from the sessions that send them events (MySQL shows no host
 * without `report_host`); and those that only such a session tells of, taken to listen on the same port as their source.
 */
export function foundReplicas(key: InstanceKey, rows: ProbeRows, discovery = EVERYONE): FoundReplicas {
  const sessions = (rows.dumpSessions ?? []).map((row): Session => {
    const columns = new Columns(row);
    return { user: columns.text('user'), host: columns.text('host'), uuid: columns.text('uuid').toLowerCase() };
  });
  const hosts = new Map(sessions.map(({ uuid, host }) => [uuid, host]));
  const users = new Map(sessions.map(({ uuid, user }) => [uuid, user]));
  const registered = (rows.replicas ?? []).map((row) => {
    const columns = new Columns(row);
    const uuid = columns.text('Replica_UUID', 'Slave_UUID').toLowerCase();
    return {
      uuid,
      user: columns.text('User') || (uuid === '' ? '' : (users.get(uuid) ?? '')),
      host: columns.text('Host') || (uuid === '' ? '' : (hosts.get(uuid) ?? '')),
      port: columns.number('Port'),
    };
  });
  const isUsable = ({ host, port }: { readonly host: string; readonly port: number }) => host !== '' && port > 0;
  const isIgnored = ({ user }: { readonly user: string }) => isIgnoredUser(discovery.ignoredUsers, user);
  const reported = registered.filter((one) => !isIgnored(one) && isUsable(one));
  const heard = sessions
    .filter((one) => !isIgnored(one) && one.host !== '')
    .map((session) => ({ ...session, port: key.port }));
  const enough = discovery.registeredFirst && reported.length > 0;
  const found = [...reported, ...(enough ? [] : unregistered(reported, heard))]
    .map(({ host, port }) => ({ hostname: host, port }))
    .filter((one) => !sameKey(one, key));
  const keys = new Map(found.map((one) => [keyText(one), one]));
  const ignored = [...registered, ...sessions].filter(isIgnored).map(({ user, host }) => `${user}@${host}`);
  return { keys: [...keys.values()], ignored: [...new Set(ignored)].sort() };
}

/** Unanchored, never taken for an address; a blank user matches nothing. */
export function isIgnoredUser(patterns: readonly string[], user: string): boolean {
  return user !== '' && patterns.some((pattern) => compileGoRegexp(pattern)?.test(user) ?? false);
}

/** Those of whom a session tells that did not register. Where UUIDs are not told they cannot be held against each other. */
function unregistered<T extends Session>(registered: readonly { readonly uuid: string }[], sessions: readonly T[]) {
  if (registered.length >= sessions.length) return [];
  const known = new Set(registered.map(({ uuid }) => uuid));
  return sessions.filter(({ uuid }) => !known.has(uuid));
}
