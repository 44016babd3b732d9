import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuditTrail, auditLine, NO_SERVER } from '../../../internal/app/audit-trail.ts';
import { silentLog } from '../../../internal/runtime/log.ts';

const KEY = { hostname: 'db1', port: 3306 };

describe('the audit trail', () => {
  let directory: string;
  let stored: string[];
  let errors: number;
  let logged: [object, string][];

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'audit-'));
    stored = [];
    errors = 0;
    logged = [];
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  function trail(AuditToBackendDB: boolean, AuditLogFile: string): AuditTrail {
    const config = { AuditToBackendDB, AuditLogFile };
    const log = {
      ...silentLog,
      error: () => {
        errors += 1;
      },
      info: (fields: object, text: string) => {
        logged.push([fields, text]);
      },
    };
    const audits = {
      add: async (type: string) => {
        stored.push(type);
      },
    };
    return new AuditTrail({ audits, config: () => config, clock: { nowMs: () => 0 }, log });
  }

  const cases: readonly [toBackend: boolean, type: string, stored: boolean][] = [
    [false, 'begin-downtime', false],
    [true, 'begin-downtime', true],
    [false, 'recover-dead-master', true],
    [false, 'fence-replaced-primary', true],
  ];
  for (const [toBackend, type, expected] of cases)
    it(`${expected ? 'stores' : 'does not store'} ${type} with AuditToBackendDB ${toBackend}`, () => {
      trail(toBackend, '').add(type, KEY, 'c', '');
      assert.deepEqual(stored, expected ? [type] : []);
    });

  it('tells the log where no file is named', () => {
    trail(false, '').add('begin-downtime', KEY, 'c', 'owner: me');
    trail(false, '').add('shutdown', NO_SERVER, '', '');
    assert.deepEqual(logged, [
      [{ audit: 'begin-downtime', instance: 'db1:3306', cluster: 'c' }, 'owner: me'],
      [{ audit: 'shutdown', cluster: '' }, 'shutdown'],
    ]);
  });

  it('writes a line for each operation, in order, to a file that not everybody may read', async () => {
    const file = join(directory, 'audit.log');
    const audit = trail(false, file);
    for (const message of ['one', 'two\tand a half\n', 'three']) audit.add('test', KEY, 'db1:3306', message);
    await audit.settled();
    const time = auditLine(0, '', KEY, '', '').split('\t')[0];
    const line = (message: string) => `${time}\ttest\tdb1\t3306\t[db1:3306]\t${message}\t\n`;
    assert.deepEqual(logged, []);
    assert.equal(readFileSync(file, 'utf8'), line('one') + line('two and a half ') + line('three'));
    assert.equal(statSync(file).mode & 0o137, 0);
    assert.match(time ?? '', /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
  });

  it('tells of a file that takes nothing, once', async () => {
    const audit = trail(false, join(directory, 'missing', 'audit.log'));
    for (const message of ['one', 'two']) audit.add('test', KEY, 'c', message);
    await audit.settled();
    assert.equal(errors, 1);
  });
});
