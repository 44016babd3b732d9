import type { Words } from '../statements.ts';

export const SQLITE_WORDS: Words = {
  insteadUpdate(key, columns) {
    const updates = columns.map((name) => `${name} = excluded.${name}`);
    const action = updates.length === 0 ? 'NOTHING' : `UPDATE SET ${updates.join(', ')}`;
    return `ON CONFLICT (${key.join(', ')}) DO ${action}`;
  },
  /** Its own `DELETE ... LIMIT` is a build option. */
  deleteAtMost: (table, where) => `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table}${where} LIMIT ?)`,
};
