// Public access tokens of a group. One that is issued on any node is known to be good on all of them: it carries when it was issued and is
// signed with what only they know. Nothing has to be agreed on until somebody takes it up.

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { OrchestratorError } from '../runtime/errors.ts';

const TIME_BYTES = 4;
const RANDOM_BYTES = 12;
const SIGNED_BYTES = TIME_BYTES + RANDOM_BYTES;
/** The first half of the HMAC; together 64 hexadecimal digits, as the contract has them. */
const SIGNATURE_BYTES = 16;

/** @param secret of the nodes; used for other purposes too, from which the label keeps this one apart */
export function signToken(secret: Uint8Array, nowMs: number): string {
  const bytes = Buffer.alloc(SIGNED_BYTES);
  bytes.writeUInt32BE(Math.floor(nowMs / 1000));
  randomBytes(RANDOM_BYTES).copy(bytes, TIME_BYTES);
  return Buffer.concat([bytes, signature(secret, bytes)]).toString('hex');
}

/** When it was issued, ms; undefined: by nobody who knows one of the secrets. */
export function issuedMs(token: string, secrets: readonly Uint8Array[]): number | undefined {
  const bytes = Buffer.from(token, 'hex');
  if (bytes.length !== SIGNED_BYTES + SIGNATURE_BYTES) return undefined;
  const [signed, given] = [bytes.subarray(0, SIGNED_BYTES), bytes.subarray(SIGNED_BYTES)];
  const known = secrets.some((secret) => timingSafeEqual(signature(secret, signed), given));
  return known ? signed.readUInt32BE() * 1000 : undefined;
}

/** @throws {OrchestratorError} `BAD_REQUEST`: there is none */
export function signingSecret(secrets: readonly Uint8Array[]): Uint8Array {
  const [secret] = secrets;
  if (secret === undefined)
    throw new OrchestratorError(
      'BAD_REQUEST',
      'in a group tokens are signed with what all nodes know: name a file with it in AccessTokenSecretFile, or RaftSharedSecretFile',
    );
  return secret;
}

function signature(secret: Uint8Array, signed: Uint8Array): Buffer {
  const hmac = createHmac('sha256', secret).update('orchestrator access token 1\0').update(signed);
  return hmac.digest().subarray(0, SIGNATURE_BYTES);
}
