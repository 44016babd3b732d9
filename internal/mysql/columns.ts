import type { Row } from './server-connection.ts';

/** Case-insensitive reader of one row that knows both vocabularies. */
export class Columns {
  readonly #values = new Map<string, string>();

  constructor(row: Row) {
    for (const [name, value] of Object.entries(row))
      if (value !== null) this.#values.set(name.toLowerCase(), String(value));
  }

  text(...names: string[]): string {
    for (const name of names) {
      const value = this.#values.get(name.toLowerCase());
      if (value !== undefined) return value;
    }
    return '';
  }

  number(...names: string[]): number {
    return Number(this.text(...names)) || 0;
  }

  optional(...names: string[]): number | undefined {
    const text = this.text(...names);
    return text === '' ? undefined : Math.max(0, Number(text));
  }
}
