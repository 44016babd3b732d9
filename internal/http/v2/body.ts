import type { IncomingMessage } from 'node:http';
import { Refused } from './problem.ts';

const MOST_BYTES = 64 * 1024;
const JSON_TYPE = /^application\/(json|[\w.-]+\+json)\s*(;|$)/i;

/** The whole body, as it came; empty where there is none. @throws {Refused} `BODY_TOO_LARGE`, `BAD_REQUEST` */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const announced = Number(request.headers['content-length'] ?? 0);
  if (announced > MOST_BYTES) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    // what is left unread is read away by Node, so that the caller hears the answer
    for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > MOST_BYTES) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (err) {
    throw err instanceof Refused ? err : new Refused('BAD_REQUEST', 'the body broke off');
  }
  return Buffer.concat(chunks);
}

/** @throws {Refused} `BODY_NOT_JSON` */
export function parseBody(body: Buffer, contentType: string): unknown {
  if (!JSON_TYPE.test(contentType))
    throw new Refused(
      'BODY_NOT_JSON',
      `Content-Type must be application/json, not ${contentType.slice(0, 100) || 'missing'}`,
    );
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body));
  } catch {
    throw new Refused('BODY_NOT_JSON', 'the body is not JSON in UTF-8');
  }
}

function tooLarge(): Refused {
  return new Refused('BODY_TOO_LARGE', `the body is longer than ${MOST_BYTES} bytes`);
}
