import assert from 'node:assert/strict';
import { readParts } from '../../../internal/mysql/part-reader.ts';
import type { ProbeStatement } from '../../../internal/mysql/probe-statements.ts';
import type { ManyResults, Row } from '../../../internal/mysql/server-connection.ts';
import { OrchestratorError } from '../../../internal/runtime/errors.ts';

const mine = (part: ProbeStatement['part'], essential = false): ProbeStatement => ({
  part,
  sql: part,
  essential,
  right: 'PROCESS',
});
const theirs = (part: ProbeStatement['part']): ProbeStatement => ({
  part,
  sql: part,
  essential: false,
  foreign: true,
  right: '',
});
const ALL = [mine('variables', true), mine('replicas'), theirs('region'), theirs('dataCenter')];
const NO_SIGNAL = new AbortController().signal;

/** A server that answers each statement with its own text, except those that fail, hang or answer twice. */
class Script {
  readonly key = { hostname: 'db1', port: 3306 };
  readonly sent: string[] = [];
  readonly #faults: Readonly<Record<string, 'hangs' | 'twice' | number>>;

  constructor(faults: Readonly<Record<string, 'hangs' | 'twice' | number>>) {
    this.#faults = faults;
  }

  many(sql: string): Promise<ManyResults> {
    this.sent.push(sql);
    const results: Row[][] = [];
    for (const statement of sql.split(';')) {
      const fault = this.#faults[statement];
      if (fault === 'hangs') {
        const index = Math.max(0, results.length - 1); // as a connection cannot tell whether the last answer was complete
        return Promise.resolve({ results, failed: { index, errno: 0, message: 'late', timedOut: true } });
      }
      if (typeof fault === 'number') {
        const failed = { index: results.length, errno: fault, message: 'no', timedOut: false };
        return Promise.resolve({ results, failed });
      }
      results.push([{ is: statement }]);
      if (fault === 'twice') results.push([{ is: 'one too many' }]);
    }
    return Promise.resolve({ results });
  }
}

async function read(faults: Readonly<Record<string, 'hangs' | 'twice' | number>>) {
  const script = new Script(faults);
  const refused: string[] = [];
  const { rows, cutShort } = await readParts(script, ALL, NO_SIGNAL, ({ part }) => refused.push(part));
  return { answered: Object.keys(rows), refused, cutShort, trips: script.sent.length };
}

describe('reading the parts of a probe', () => {
  it('takes one round trip', async () => {
    const all = { answered: ['variables', 'replicas', 'region', 'dataCenter'], refused: [], cutShort: false, trips: 1 };
    assert.deepEqual(await read({}), all);
  });

  it('goes on behind statements that fail, ours or theirs', async () => {
    const { answered, refused, trips } = await read({ replicas: 1227, region: 1146 });
    assert.deepEqual(answered, ['variables', 'dataCenter']);
    assert.deepEqual(refused, ['replicas', 'region']);
    assert.equal(trips, 3);
  });

  for (const [part, before] of [
    ['region', ['variables', 'replicas']],
    ['dataCenter', ['variables', 'replicas', 'region']],
  ] as const) {
    it(`a query of the operator that hangs costs only itself and what is behind it: ${part}`, async () => {
      const { answered, refused, cutShort } = await read({ [part]: 'hangs' });
      assert.equal(cutShort, true);
      assert.deepEqual(refused, [part]);
      assert.deepEqual(answered, before);
    });
  }

  it('a query of several statements makes all of them void, since answers cannot be told apart', async () => {
    const { answered, refused } = await read({ region: 'twice' });
    assert.deepEqual(answered, ['variables', 'replicas']);
    assert.deepEqual(refused, ['region', 'dataCenter']);
  });

  for (const [title, faults, code] of [
    ['an essential part is refused', { variables: 1045 }, 'PROBE_FAILED'],
    ['one of ours hangs', { replicas: 'hangs' }, 'STATEMENT_TIMEOUT'],
    ['the session is ended', { region: 1927 }, 'PROBE_FAILED'],
    ['the server shuts down', { replicas: 1053 }, 'PROBE_FAILED'],
    ['the connection is lost', { region: 2013 }, 'PROBE_FAILED'],
  ] as const) {
    it(`fails when ${title}`, () =>
      assert.rejects(read(faults), (err) => err instanceof OrchestratorError && err.code === code));
  }
});
