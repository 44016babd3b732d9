// The data directory of a family, made once and copied for every server: a copy takes a tenth of the time.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accountStatements } from './accounts.ts';
import { CACHE, commonArguments, type Flavour, program } from './program.ts';

/**
 * Path of the family's base, made if need be. Its name carries a digest of what went into it, so that a change of accounts or
 * arguments makes a new one; two processes that make it at once do not see each other's half.
 */
export function baseDirectory(flavour: Flavour): string {
  const { file, leading } = program(flavour);
  const accounts = accountStatements(flavour).join('\n');
  const recipe = JSON.stringify([file, leading, commonArguments(flavour), accounts]);
  const digest = createHash('sha256').update(recipe).digest('hex').slice(0, 8);
  const base = join(CACHE, `base-${flavour}-${digest}`);
  if (existsSync(base)) return base;
  mkdirSync(CACHE, { recursive: true });
  const making = mkdtempSync(`${base}-making-`);
  try {
    if (flavour === 'mariadb') makeMariadb(making, accounts);
    else makeMysql(making, accounts);
    moveUnlessThere(making, base);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return base;
}

/** Somebody else may have made it meanwhile: theirs is as good. */
function moveUnlessThere(making: string, base: string): void {
  try {
    renameSync(making, base);
  } catch (err) {
    if (!existsSync(base)) throw err;
  }
}

const MARIADB_SHARE = '/usr/share/mysql';

function makeMariadb(directory: string, accounts: string): void {
  const { file, leading } = program('mariadb');
  const prefix = existsSync(`${MARIADB_SHARE}/mysql_system_tables.sql`) ? 'mysql' : 'mariadb';
  const names = ['system_tables', 'performance_tables', 'system_tables_data'].map((name) => `${prefix}_${name}.sql`);
  const input = [
    'USE mysql;',
    'SET @auth_root_socket=NULL;',
    ...[...names, 'maria_add_gis_sp_bootstrap.sql'].map((name) => readFileSync(join(MARIADB_SHARE, name), 'utf8')),
    'FLUSH PRIVILEGES;',
    `${accounts}\n`,
  ].join('\n');
  mkdirSync(join(directory, 'mysql'));
  const places = [`--datadir=${directory}`, '--skip-log-bin', '--innodb-log-file-size=4M'];
  execFileSync(file, [...leading, '--bootstrap', ...places], { input, stdio: ['pipe', 'ignore', 'pipe'] });
}

function makeMysql(directory: string, accounts: string): void {
  const { file, leading } = program('mysql');
  const statements = `${directory}.sql`;
  const log = `${directory}.log`;
  writeFileSync(statements, `${accounts}\n`);
  const places = [`--datadir=${directory}`, `--init-file=${statements}`, `--log-error=${log}`];
  try {
    execFileSync(file, [...leading, '--initialize-insecure', ...places, ...commonArguments('mysql')], {
      stdio: 'ignore',
    });
  } catch (cause) {
    throw new Error(`mysqld --initialize failed: ${readFileSync(log, 'utf8').slice(-2_000)}`, { cause });
  } finally {
    rmSync(statements, { force: true });
    rmSync(log, { force: true });
  }
  // All copies would share one server_uuid, and replicas refuse a source that has theirs.
  rmSync(join(directory, 'auto.cnf'), { force: true });
}
