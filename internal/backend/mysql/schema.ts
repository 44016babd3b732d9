// The tables that we want, read from our own scripts in `schema/`: one column or key to a line, so that what is missing
// somewhere is added by the very words that make it where nothing is.

import { readdirSync, readFileSync } from 'node:fs';

export interface Column {
  readonly name: string;
  /** With its name, as it stands behind ADD COLUMN. */
  readonly definition: string;
  readonly type: string;
  /** Of a text: what it is written in; `utf8` is that of three bytes. */
  readonly charset: 'ascii' | 'utf8' | 'utf8mb4';
  /** Of a varchar: characters it holds. */
  readonly length: number | undefined;
}

export interface Key {
  readonly unique: boolean;
  readonly primary: boolean;
  /** Without prefix lengths. */
  readonly columns: readonly string[];
  /** As it stands behind ADD. */
  readonly definition: string;
}

export interface Table {
  readonly name: string;
  /** The statement that makes it. */
  readonly create: string;
  readonly columns: readonly Column[];
  readonly keys: readonly Key[];
}

const DIRECTORY = new URL('./schema/', import.meta.url);

export function wantedTables(): readonly Table[] {
  return readdirSync(DIRECTORY)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .flatMap((name) => tablesIn(readFileSync(new URL(name, DIRECTORY), 'utf8')));
}

export function tablesIn(script: string): readonly Table[] {
  return [
    ...script.matchAll(
      /^CREATE TABLE IF NOT EXISTS (\w+) \(\n(.*?)\n\) ENGINE=InnoDB DEFAULT CHARACTER SET (\w+);$/gms,
    ),
  ].map(([statement, name = '', body = '', charset = '']) => {
    const lines = body.split('\n').map((line) => line.trim().replace(/,$/, ''));
    return {
      name,
      create: statement.replace(/;$/, ''),
      columns: lines.filter((line) => !isKey(line)).map((line) => columnOf(line, charset as Column['charset'])),
      keys: lines.filter(isKey).map(keyOf),
    };
  });
}

const isKey = (line: string) => /^(PRIMARY |UNIQUE )?KEY\b/.test(line);

function columnOf(definition: string, charset: Column['charset']): Column {
  const [name = '', type = ''] = definition.split(' ');
  const length = /^varchar\((\d+)\)/.exec(type)?.[1];
  return {
    name,
    definition,
    type: type.replace(/\(.*/, ''),
    charset: definition.includes('CHARACTER SET utf8 ') ? 'utf8' : charset,
    length: length === undefined ? undefined : Number(length),
  };
}

function keyOf(definition: string): Key {
  const columns = definition.slice(definition.indexOf('(') + 1, definition.lastIndexOf(')')).split(', ');
  return {
    unique: !definition.startsWith('KEY'),
    primary: definition.startsWith('PRIMARY'),
    columns: columns.map((column) => column.replace(/\(\d+\)/, '')),
    definition,
  };
}
