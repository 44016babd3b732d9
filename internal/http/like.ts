/**
 * Whether a text is like a pattern of SQL, in any case: `%` stands for any text, `_` for one character. Takes no longer than their lengths
 * multiplied, whatever the pattern: an expression that looks back may take for ever.
 */
export function isLike(text: string, pattern: string): boolean {
  const [found, wanted] = [[...text.toLowerCase()], [...pattern.toLowerCase()]];
  let [at, next] = [0, 0];
  /** The last `%`, and where what it stands for ends so far. */
  let open: { readonly percent: number; readonly end: number } | undefined;
  while (at < found.length) {
    if (wanted[next] === '%') {
      open = { percent: next, end: at };
      next += 1;
    } else if (wanted[next] === '_' || wanted[next] === found[at]) {
      at += 1;
      next += 1;
    } else if (open !== undefined) {
      open = { percent: open.percent, end: open.end + 1 };
      at = open.end;
      next = open.percent + 1;
    } else return false;
  }
  return wanted.slice(next).every((character) => character === '%');
}
