import { OrchestratorError } from '../runtime/errors.ts';

/** The message names the file and line where known, the key, and what to do; never the value of a secret. */
export function configInvalid(message: string, cause?: unknown): OrchestratorError {
  return new OrchestratorError('CONFIG_INVALID', message, cause === undefined ? {} : { cause });
}
