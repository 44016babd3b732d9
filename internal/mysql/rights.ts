// What our account may do on a server, judged by its own grants before it matters. What it may not read is told by the
// statement that is refused; what it may not change would only show in the middle of a failover.
// Sources: the manuals' tables of privileges; tried with accounts of single rights on MySQL 9.7 and MariaDB 10.11.

import type { MissingRight, RightPurpose } from '../topology/instance.ts';
import { atLeast, type ServerVersion } from '../topology/server-version.ts';
import type { Row } from './server-connection.ts';

interface Need {
  readonly purpose: RightPurpose;
  /** One of them is enough; the first is the one to grant. */
  readonly anyOf: readonly string[];
}

const MYSQL_57: readonly Need[] = [
  { purpose: 'replicate', anyOf: ['SUPER'] },
  { purpose: 'promote', anyOf: ['RELOAD'] }, // RESET ... ALL
  { purpose: 'fence', anyOf: ['PROCESS'] },
];

const MYSQL: readonly Need[] = [
  { purpose: 'replicate', anyOf: ['REPLICATION_SLAVE_ADMIN', 'SUPER'] },
  { purpose: 'promote', anyOf: ['SYSTEM_VARIABLES_ADMIN', 'SUPER'] },
  { purpose: 'promote', anyOf: ['RELOAD'] },
  { purpose: 'fence', anyOf: ['CONNECTION_ADMIN', 'SUPER'] },
  { purpose: 'fence', anyOf: ['PROCESS'] },
];

/** `SUPER` lost `READ_ONLY ADMIN` in 10.11 and the others in 11.0. */
function mariadbNeeds(version: ServerVersion): readonly Need[] {
  const superBefore = (major: number, minor: number) => (atLeast(version, major, minor) ? [] : ['SUPER']);
  return [
    { purpose: 'replicate', anyOf: ['REPLICATION SLAVE ADMIN', ...superBefore(11, 0)] },
    { purpose: 'promote', anyOf: ['READ_ONLY ADMIN', ...superBefore(10, 11)] },
    { purpose: 'promote', anyOf: ['RELOAD'] },
    { purpose: 'fence', anyOf: ['CONNECTION ADMIN', ...superBefore(11, 0)] },
    { purpose: 'fence', anyOf: ['PROCESS'] },
  ];
}

function needsOf(version: ServerVersion): readonly Need[] {
  if (version.family === 'mariadb') return mariadbNeeds(version);
  return atLeast(version, 8, 0) ? MYSQL : MYSQL_57;
}

/** @param grants rows of `SHOW GRANTS`, those of active roles included, as both families show them for the own session */
export function missingRights(version: ServerVersion, grants: readonly Row[]): readonly MissingRight[] {
  const held = globalRights(grants);
  if (held.has('ALL PRIVILEGES')) return [];
  return needsOf(version)
    .filter(({ anyOf }) => !anyOf.some((right) => held.has(spelled(right))))
    .map(({ purpose, anyOf: [right = ''] }) => ({ purpose, right }));
}

/** Whether our account may drop what is in a schema, by a grant on all schemas or on that one. */
export function mayDropIn(schema: string, grants: readonly Row[]): boolean {
  return grants.some((row) => {
    const [, list = '', scope = ''] = /^GRANT (.+?) ON (\S+)\.\* TO /.exec(String(Object.values(row)[0])) ?? [];
    const on = scope.replace(/[`\\]/g, '');
    return (on === '*' || on === schema) && /(^|, ?)(ALL PRIVILEGES|DROP)(,|$)/i.test(list);
  });
}

function globalRights(grants: readonly Row[]): ReadonlySet<string> {
  const lists = grants.map((row) => /^GRANT (.+?) ON \*\.\* TO /.exec(String(Object.values(row)[0]))?.[1] ?? '');
  return new Set(lists.flatMap((list) => list.split(',').map((right) => spelled(right.trim().toUpperCase()))));
}

/** Some versions write an underscore where others leave a space. */
const spelled = (right: string) => right.replaceAll('_', ' ');
