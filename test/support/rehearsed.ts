// What a failover plan says would be done, in the words in which the audit tells of what was done.

export interface RehearsedStep {
  readonly step: string;
  readonly statements: readonly { readonly server: string; readonly sql: string }[];
}

/** Of a step that worked. Statements to servers side by side may end in any order. */
export function asNoted({ step, statements }: RehearsedStep): string {
  return inOrder([step, ...statements.map(({ server, sql }) => `${server}: ${sql}`), 'done'].join('\n'));
}

/** Of the messages of a recovery those about steps that worked. */
export function executedOf(messages: readonly string[]): readonly string[] {
  return messages.filter((message) => message.endsWith('\ndone')).map(inOrder);
}

function inOrder(message: string): string {
  const lines = message.split('\n');
  return [lines[0], ...lines.slice(1, -1).sort(), lines.at(-1)].join('\n');
}
