import { configInvalid } from './invalid.ts';

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', '"': '"', '\\': '\\' };

/**
 * Reads `user` and `password` of section `[client]` from the text of an option file. Names are taken in any case; `#` and `;` start a
 * comment outside quotes; a backslash at the end of a line continues it; what belongs to other programs is skipped. A missing
 * one of the two is empty.
 *
 * @throws {OrchestratorError} `CONFIG_INVALID` with file and line; never with the text of the line.
 */
export function parseCredentials(file: string, text: string): { readonly user: string; readonly password: string } {
  const found = new Map<string, string>();
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  let inClient = false;
  for (let at = 0; at < lines.length; at += 1) {
    const first = at;
    let line = lines[at] ?? '';
    while (continues(line) && at + 1 < lines.length) {
      at += 1;
      line = line.slice(0, -1) + (lines[at] ?? '');
    }
    const header = /^\s*\[\s*([^\]]*?)\s*\]/.exec(line);
    if (header !== null) inClient = header[1]?.toLowerCase() === 'client';
    const pair = /^\s*([A-Za-z][\w-]*)\s*=(.*)$/.exec(line);
    if (!inClient || header !== null || pair === null) continue;
    const name = (pair[1] ?? '').toLowerCase();
    if (name !== 'user' && name !== 'password') continue;
    const value = parseValue(pair[2] ?? '');
    if (value === undefined)
      throw configInvalid(
        `${file}:${first + 1}: ${name}: a quote is not closed or an escape is unknown: use \\\\ \\" \\n \\t`,
      );
    found.set(name, value);
  }
  return { user: found.get('user') ?? '', password: found.get('password') ?? '' };
}

function continues(line: string): boolean {
  return (/\\*$/.exec(line)?.[0].length ?? 0) % 2 === 1;
}

function parseValue(raw: string): string | undefined {
  let value = '';
  let quoted = false;
  let keep = 0; // length up to the last character that is not blank outside quotes
  for (let at = 0; at < raw.length; at += 1) {
    const char = raw[at] ?? '';
    if (char === '"') {
      quoted = !quoted;
      keep = value.length;
    } else if (char === '\\') {
      at += 1;
      const escaped = ESCAPES[raw[at] ?? ''];
      if (escaped === undefined) return undefined;
      value += escaped;
      keep = value.length;
    } else if (!quoted && (char === '#' || char === ';')) {
      break;
    } else if (quoted || !/\s/.test(char)) {
      value += char;
      keep = value.length;
    } else if (value !== '') {
      value += char;
    }
  }
  return quoted ? undefined : value.slice(0, keep);
}
