import { readFileSync } from 'node:fs';
import { OrchestratorError } from '../runtime/errors.ts';

/** @throws {OrchestratorError} `CONFIG_INVALID`, with the key of the configuration that names the file */
export function readPem(key: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new OrchestratorError('CONFIG_INVALID', `${key} "${file}": cannot be read`, { cause });
  }
}
