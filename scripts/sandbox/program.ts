// Which database servers this machine can start, and the arguments with which they stay small. Sources: the manuals'
// option references; tried on MariaDB 10.11 and MySQL 9.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';

export type Flavour = 'mysql' | 'mariadb';

/** Where the project keeps unpacked servers and made-once data directories. Ignored by git. */
export const CACHE = resolve(process.cwd(), '.cache/servers');
const UNPACKED_MYSQL = join(CACHE, 'sid/root');
const UNPACKED_LIBRARIES = join(UNPACKED_MYSQL, 'usr/lib/x86_64-linux-gnu');
const INSTALLED: Readonly<Record<Flavour, readonly string[]>> = {
  mariadb: ['/usr/sbin/mariadbd', '/usr/bin/mariadbd'],
  mysql: ['/usr/sbin/mysqld'],
};

export interface Program {
  readonly file: string;
  /** Come before all others: `--no-defaults` counts only there. */
  readonly leading: readonly string[];
}

/** The server program of a family; undefined: none was found. */
function programOf(flavour: Flavour): Program | undefined {
  const unpacked = join(UNPACKED_MYSQL, 'usr/sbin/mysqld');
  if (flavour === 'mysql' && existsSync(unpacked)) {
    // Its own loader and libraries: it was built for another release of the system.
    const loader = join(UNPACKED_LIBRARIES, 'ld-linux-x86-64.so.2');
    return { file: loader, leading: ['--library-path', UNPACKED_LIBRARIES, unpacked, ...ALWAYS] };
  }
  const file = INSTALLED[flavour].find((path) => existsSync(path));
  return file === undefined ? undefined : { file, leading: ALWAYS };
}

/** Servers refuse to run as root until told to in so many words. */
const ALWAYS = ['--no-defaults', ...(process.getuid?.() === 0 ? ['--user=root'] : [])];

/** @throws {Error} when this machine has no such server. */
export function program(flavour: Flavour): Program {
  const found = programOf(flavour);
  if (found === undefined) throw new Error(`no ${flavour} server on this machine`);
  return found;
}

export async function findFlavours(): Promise<readonly Flavour[]> {
  return (['mariadb', 'mysql'] as const).filter((flavour) => programOf(flavour) !== undefined);
}

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '');

const MARIADB_ARGUMENTS =
  words(`--performance-schema=OFF --innodb-buffer-pool-size=8M --innodb-log-file-size=4M --innodb-log-buffer-size=2M --innodb-doublewrite=0
 --innodb-flush-log-at-trx-commit=2 --sync-binlog=0 --innodb-buffer-pool-load-at-startup=0 --innodb-buffer-pool-dump-at-shutdown=0 --innodb-use-native-aio=0
 --innodb-read-io-threads=1 --innodb-write-io-threads=1 --innodb-purge-threads=1 --key-buffer-size=8K --aria-pagecache-buffer-size=128K --table-open-cache=64
 --max-connections=100 --open-files-limit=1024 --log-slave-updates=1 --gtid-strict-mode=1 --slave-net-timeout=3`);
const MYSQL_ARGUMENTS =
  words(`--mysqlx=OFF --innodb-data-file-path=ibdata1:5M:autoextend --innodb-autoextend-increment=1 --secure-file-priv=NULL --performance-schema=OFF
 --innodb-buffer-pool-size=5M --innodb-redo-log-capacity=8M --innodb-log-buffer-size=256K --innodb-doublewrite=OFF --innodb-flush-log-at-trx-commit=2
 --sync-binlog=0 --innodb-flush-method=nosync --innodb-use-native-aio=OFF --innodb-read-io-threads=1 --innodb-write-io-threads=1 --innodb-purge-threads=1
 --innodb-page-cleaners=1 --innodb-log-writer-threads=OFF --innodb-buffer-pool-load-at-startup=OFF --innodb-buffer-pool-dump-at-shutdown=OFF
 --table-open-cache=64 --table-definition-cache=400 --max-connections=100 --open-files-limit=1024 --replica-parallel-workers=1
 --gtid-mode=ON --enforce-gtid-consistency=ON --replica-net-timeout=3`);

/** Arguments of every server of a family: small, quick to start, replicating by GTID. */
export function commonArguments(flavour: Flavour): readonly string[] {
  return flavour === 'mysql' ? [...mysqlPlaces(), ...MYSQL_ARGUMENTS] : MARIADB_ARGUMENTS;
}

function mysqlPlaces(): readonly string[] {
  if (!existsSync(UNPACKED_MYSQL)) return [];
  return [
    `--basedir=${UNPACKED_MYSQL}/usr`,
    `--lc-messages-dir=${UNPACKED_MYSQL}/usr/share/mysql`,
    `--character-sets-dir=${UNPACKED_MYSQL}/usr/share/mysql/charsets`,
    `--plugin-dir=${UNPACKED_MYSQL}/usr/lib/mysql/plugin`,
  ];
}
