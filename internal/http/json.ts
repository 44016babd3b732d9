const ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

/** JSON as the contract has it: compact, with `<`, `>` and `&` escaped, so that it can stand inside a page. */
export function encodeJson(value: unknown): string {
  if (typeof value === 'boolean' || typeof value === 'number') return JSON.stringify(value);
  return JSON.stringify(value ?? null).replace(/[<>&\u2028\u2029]/g, (found) => ESCAPES[found] ?? found);
}
