import assert from 'node:assert/strict';
import { applyUpTo, beginLog } from '../../../internal/mysql/log-alignment.ts';
import type { Row } from '../../../internal/mysql/server-connection.ts';
import { anInstance, aReplication } from '../topology/builders.ts';

const LOG = 'bin.000008';

async function begin(missing: number, events: readonly Row[] = [], now = LOG): Promise<readonly string[]> {
  const sent: string[] = [];
  const run = async (sql: string, values: readonly (string | number)[] = []) => {
    sent.push([sql, ...values].join(' '));
    return events;
  };
  const read = async () => anInstance(1, { ownCoordinates: { file: now, position: 4 } });
  await beginLog(run, read, LOG, missing).catch((err: unknown) => sent.push(`refused: ${(err as Error).message}`));
  return sent;
}

const PURGE = `PURGE BINARY LOGS TO ? ${LOG}`;
const LOOK = `SHOW BINLOG EVENTS IN ? LIMIT 20 ${LOG}`;

describe('the logs of a server that is to lead behind binlog servers', () => {
  for (const [title, found, expected] of [
    ['are begun one by one', begin(2), ['FLUSH BINARY LOGS', 'FLUSH BINARY LOGS', PURGE]],
    [
      'come to another name: none is deleted',
      begin(1, [], 'bin.000009'),
      ['FLUSH BINARY LOGS', 'refused: its log is bin.000009 now, not bin.000008'],
    ],
    ['are there already', begin(0, [{ Event_type: 'Format_desc' }, { Event_type: 'Gtid_list' }]), [LOOK, PURGE]],
    [
      'are there already, and something is written into the last one',
      begin(0, [{ Event_type: 'Format_desc' }, { Event_type: 'Query' }]),
      [LOOK, 'refused: its log bin.000008 holds events of its own'],
    ],
  ] as const)
    it(title, async () => assert.deepEqual(await found, expected));
});

describe('a replica behind binlog servers', () => {
  const at = { file: 'bin.000007', position: 900 };
  const short = { ...at, position: 500 };

  async function apply(reads: readonly (typeof at)[], applies = true) {
    const acts: string[] = [];
    let turn = 0;
    const session = {
      read: async () =>
        anInstance(4, {
          replication: aReplication({ gtid: 'none', read: reads[Math.min(turn, reads.length - 1)] ?? at }),
        }),
      startReplication: async () => void acts.push('start'),
    };
    const reached = await applyUpTo(session, at, 5_000, async () => {
      turn += 1;
      return applies;
    });
    return [reached, turn, acts.join()];
  }

  it('is started and has applied what it was to receive', async () =>
    assert.deepEqual(await apply([short, at]), [true, 1, 'start']));
  it('is waited for while more may come, though it has nothing to apply', async () =>
    assert.deepEqual(await apply([short, short, at]), [true, 2, 'start']));
  it('is waited for no longer than the limit', async () => assert.deepEqual(await apply([short]), [false, 3, 'start']));
  it('is given up where it cannot apply', async () => assert.deepEqual(await apply([at], false), [false, 1, 'start']));
});
