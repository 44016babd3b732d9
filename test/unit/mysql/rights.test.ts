import assert from 'node:assert/strict';
import { mayDropIn, missingRights } from '../../../internal/mysql/rights.ts';
import { parseServerVersion } from '../../../internal/topology/server-version.ts';

const HASH = "IDENTIFIED BY PASSWORD '*82A3769C32831E024EF44735B08C26F29A72410B'";
const MYSQL_ALL = 'REPLICATION_SLAVE_ADMIN,SYSTEM_VARIABLES_ADMIN,CONNECTION_ADMIN';
const MARIADB_ALL = 'RELOAD, PROCESS, CONNECTION ADMIN, READ_ONLY ADMIN, REPLICATION SLAVE ADMIN';

/** As the servers print them. */
const CASES: readonly (readonly [title: string, version: string, grants: readonly string[], missing: string])[] = [
  [
    'the documented rights, MySQL',
    '9.7.4',
    ['GRANT RELOAD, PROCESS ON *.* TO `o`@`%`', `GRANT ${MYSQL_ALL} ON *.* TO \`o\`@\`%\``],
    '',
  ],
  ['the documented rights, MariaDB', '10.11.19-MariaDB', [`GRANT ${MARIADB_ALL} ON *.* TO \`o\`@\`%\` ${HASH}`], ''],
  ['everything', '10.5.2-MariaDB', [`GRANT ALL PRIVILEGES ON *.* TO \`o\`@\`%\` ${HASH} WITH GRANT OPTION`], ''],
  [
    'what the established product asks for, MySQL 5.7',
    '5.7.44',
    ["GRANT RELOAD, PROCESS, SUPER ON *.* TO 'o'@'%'"],
    '',
  ],
  ['the same, MySQL 8', '8.0.36', ['GRANT RELOAD, PROCESS, SUPER ON *.* TO `o`@`%`'], ''],
  ['the same, MariaDB 10.6', '10.6.20-MariaDB', ['GRANT RELOAD, PROCESS, SUPER ON *.* TO `o`@`%`'], ''],
  [
    'the same, MariaDB 10.11',
    '10.11.19-MariaDB',
    ['GRANT RELOAD, PROCESS, SUPER ON *.* TO `o`@`%`'],
    'promote READ_ONLY ADMIN',
  ],
  [
    'the same, MariaDB 11.4',
    '11.4.2-MariaDB',
    ['GRANT RELOAD, PROCESS, SUPER ON *.* TO `o`@`%`'],
    'replicate REPLICATION SLAVE ADMIN; promote READ_ONLY ADMIN; fence CONNECTION ADMIN',
  ],
  [
    'no more than a look',
    '8.4.3',
    ['GRANT PROCESS, REPLICATION CLIENT ON *.* TO `o`@`%`', 'GRANT SELECT ON `performance_schema`.* TO `o`@`%`'],
    'replicate REPLICATION_SLAVE_ADMIN; promote SYSTEM_VARIABLES_ADMIN; promote RELOAD; fence CONNECTION_ADMIN',
  ],
  [
    'rights on one schema only',
    '5.7.44',
    ["GRANT USAGE ON *.* TO 'o'@'%'", "GRANT ALL PRIVILEGES ON `app`.* TO 'o'@'%'"],
    'replicate SUPER; promote RELOAD; fence PROCESS',
  ],
  [
    'rights of an active role, MariaDB',
    '10.11.19-MariaDB',
    [
      'GRANT `r` TO `o`@`%`',
      `GRANT USAGE ON *.* TO \`o\`@\`%\` ${HASH}`,
      `GRANT ${MARIADB_ALL} ON *.* TO \`r\``,
      'SET DEFAULT ROLE `r` FOR `o`@`%`',
    ],
    '',
  ],
];

describe('rights of our account', () => {
  for (const [title, version, grants, missing] of CASES)
    it(`${title}: ${missing === '' ? 'nothing is missing' : `lacks ${missing}`}`, () => {
      const rows = grants.map((grant) => ({ 'Grants for o@%': grant }));
      const found = missingRights(parseServerVersion(version), rows);
      assert.equal(found.map(({ purpose, right }) => `${purpose} ${right}`).join('; '), missing);
    });

  const DROPS: readonly (readonly [grant: string, may: boolean])[] = [
    ['GRANT ALL PRIVILEGES ON *.* TO `o`@`%` WITH GRANT OPTION', true],
    ['GRANT SELECT, INSERT, DROP, RELOAD ON *.* TO `o`@`%`', true],
    ['GRANT DROP ON `_pseudo_gtid_`.* TO `o`@`%`', true],
    ['GRANT DROP ON `\\_pseudo\\_gtid\\_`.* TO `o`@`%`', true],
    ['GRANT ALL PRIVILEGES ON `_pseudo_gtid_`.* TO `o`@`%`', true],
    ['GRANT DROP ON `app`.* TO `o`@`%`', false],
    ['GRANT DROP ROLE, CREATE ON *.* TO `o`@`%`', false],
    ['GRANT SELECT ON `_pseudo_gtid_`.* TO `o`@`%`', false],
    ['GRANT `dropper`@`%` TO `o`@`%`', false],
  ];
  for (const [grant, may] of DROPS)
    it(`${may ? 'let it' : 'do not let it'} write markers by ${grant}`, () =>
      assert.equal(mayDropIn('_pseudo_gtid_', [{ 'Grants for o@%': grant }]), may));
});
