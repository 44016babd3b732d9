const GROUP_NAME = /\(\?P</g;
const FLAGS = /^\(\?([a-zA-Z]+)\)/;
const CLASSES: Readonly<Record<string, string>> = {
  alpha: 'a-zA-Z',
  digit: '0-9',
  alnum: 'a-zA-Z0-9',
  lower: 'a-z',
  upper: 'A-Z',
  space: '\\s',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9A-Fa-f',
  word: '\\w',
};

/**
 * A pattern of a configuration file: unanchored, in the syntax of Go. What occurs in practice and is written otherwise in
 * ECMAScript is translated: leading flags, named groups, POSIX classes, `\A` and `\z`.
 *
 * @returns undefined for a blank or an invalid pattern, which matches nothing
 */
export function compileGoRegexp(pattern: string): RegExp | undefined {
  if (pattern.trim() === '') return undefined;
  const flags = FLAGS.exec(pattern)?.[1] ?? '';
  if (/[^ims]/.test(flags)) return undefined;
  const translated = pattern
    .replace(FLAGS, '')
    .replace(GROUP_NAME, '(?<')
    .replaceAll(/\[:([a-z]+):\]/g, (whole, name: string) => CLASSES[name] ?? whole)
    .replaceAll(/\\A/g, '^')
    .replaceAll(/\\z/g, '$');
  try {
    return new RegExp(translated, flags);
  } catch {
    return undefined;
  }
}
