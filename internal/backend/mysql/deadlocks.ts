/** Lost to another transaction, which undid this one: a deadlock; a row that changed meanwhile (MariaDB, snapshot isolation). */
const LOST: ReadonlySet<unknown> = new Set([1213, 1020]);
const MOST_ATTEMPTS = 5;

/**
 * Does again at once what lost to another transaction (MySQL manual, "Deadlocks in InnoDB": always be prepared to).
 *
 * @param work all of one transaction, which has changed nothing where it fails so
 * @throws what the driver or the server says
 */
export async function despiteDeadlocks<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (err) {
      if (attempt === MOST_ATTEMPTS || !LOST.has((err as { errno?: unknown }).errno)) throw err;
    }
  }
}
