import assert from 'node:assert/strict';
import { DaemonActions } from '../../../internal/app/daemon-actions.ts';
import type { DaemonClient } from '../../../internal/app/daemon-client.ts';
import type { OperationRequest } from '../../../internal/operations/requests.ts';
import { partial } from '../../support/partial.ts';

const target = { hostname: 'db3', port: 3306 };

/** A daemon that reads a replica of this source; the answer is what it was asked. */
async function calls(source: string, request: OperationRequest): Promise<readonly string[]> {
  const asked: string[] = [];
  const daemon = {
    call: async (segments: readonly (string | number)[]) => {
      asked.push(segments.join('/'));
      return { Code: 'OK', Message: '', Details: { Key: key('db3'), MasterKey: key(source) } };
    },
  };
  await new DaemonActions(partial<DaemonClient>(daemon)).operate(request);
  return asked;
}

const key = (Hostname: string) => ({ Hostname, Port: Hostname === '' ? 0 : 3306 });

describe('an operation that is handed to the daemon', () => {
  for (const [operation, path] of [
    ['repoint', 'repoint'],
    ['match', 'match-below'],
  ] as const) {
    it(`${operation} without a destination is about the source that the daemon reads now`, async () => {
      const expected = ['discover/db3/3306', `${path}/db3/3306/db2/3306`];
      assert.deepEqual(await calls('db2', { operation, target }), expected);
    });

    it(`${operation} needs no reading with one, and is refused where there is no source`, async () => {
      const below = { hostname: 'db1', port: 3306 };
      assert.deepEqual(await calls('db2', { operation, target, below }), [`${path}/db3/3306/db1/3306`]);
      await assert.rejects(calls('', { operation, target }), { code: 'CONFLICT', message: /not a replica: db3:3306/ });
      await assert.rejects(calls('//db2', { operation, target }), { code: 'CONFLICT' });
    });
  }
});
