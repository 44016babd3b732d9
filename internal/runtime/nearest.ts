/** What somebody may have meant: a few letters away, or with the same beginning. Best first, three at most. */
export function nearest(name: string, known: readonly string[]): readonly string[] {
  const limit = Math.max(1, Math.floor(name.length / 4));
  return known
    .map((one) => ({ one, distance: one.startsWith(name) ? 0 : editDistance(name, one) }))
    .filter(({ distance }) => distance <= limit)
    .sort((a, b) => a.distance - b.distance || a.one.length - b.one.length)
    .slice(0, 3)
    .map(({ one }) => one);
}

/** Letters to insert, to leave out or to replace (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
