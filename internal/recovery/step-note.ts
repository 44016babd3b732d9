import { keyText } from '../topology/instance-key.ts';
import type { SentStatement } from './ports.ts';

/** A step that ended, in words for its audit: what was sent where, and what went wrong. */
export function stepNote(text: string, statements: readonly SentStatement[], error: string | undefined): string {
  const sent = statements.map(({ server, sql }) => `${keyText(server)}: ${sql}`);
  return [text, ...sent, error === undefined ? 'done' : `failed: ${error}`].join('\n');
}
