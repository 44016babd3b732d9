import type { Words } from '../statements.ts';

/** VALUES() rather than a row alias: MariaDB knows no other way. */
export const MYSQL_WORDS: Words = {
  insteadUpdate(key, columns) {
    const updates = columns.map((name) => `${name} = VALUES(${name})`);
    return `ON DUPLICATE KEY UPDATE ${updates.join(', ') || `${key[0]} = ${key[0]}`}`;
  },
  deleteAtMost: (table, where) => `DELETE FROM ${table}${where} LIMIT ?`,
};
