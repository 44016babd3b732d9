import { connect } from 'node:net';
import { OrchestratorError } from '../runtime/errors.ts';
import { type InstanceKey, keyText } from '../topology/instance-key.ts';

/** @throws {OrchestratorError} `CONNECT_FAILED`, `CONNECT_TIMEOUT`: nothing listens there */
export function connects(key: InstanceKey, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: key.hostname, port: key.port, timeout: timeoutMs });
    const failed = (code: 'CONNECT_FAILED' | 'CONNECT_TIMEOUT', cause?: unknown) => {
      socket.destroy();
      reject(new OrchestratorError(code, `cannot connect to ${keyText(key)}`, { cause }));
    };
    socket.once('connect', () => {
      socket.destroy();
      resolve();
    });
    socket.once('timeout', () => failed('CONNECT_TIMEOUT'));
    socket.once('error', (cause) => failed('CONNECT_FAILED', cause));
  });
}
