import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { dumpConfig } from '../../internal/config/dump.ts';
import { CONFIG_NAMES, keyOf } from '../../internal/config/keys.ts';
import { loadConfig } from '../../internal/config/load.ts';
import { OrchestratorError } from '../../internal/runtime/errors.ts';

const SAMPLE = readFileSync('conf/orchestrator-hooks.conf.json', 'utf8');

/** A valid file with a stretch of it replaced: what a slip of the hand leaves. */
const damaged = fc
  .record({ at: fc.nat(SAMPLE.length), length: fc.nat(12), by: fc.string({ maxLength: 12 }) })
  .map(({ at, length, by }) => SAMPLE.slice(0, at) + by + SAMPLE.slice(at + length));
const odd = fc.constantFrom('__proto__', 'constructor', 'toString', '#', '_x', '');
const keys = fc.dictionary(fc.oneof(fc.constantFrom(...CONFIG_NAMES), odd, fc.string()), fc.jsonValue({ maxDepth: 2 }));
const values = {
  bool: fc.boolean(),
  int: fc.integer(),
  uint: fc.nat(),
  float: fc.double({ noNaN: true, noDefaultInfinity: true }),
  string: fc.string(),
  'string[]': fc.array(fc.string(), { maxLength: 3 }),
  map: fc.dictionary(fc.string(), fc.string()),
  'map[]': fc.array(fc.dictionary(fc.string(), fc.string()), { maxLength: 3 }),
  object: fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })),
};
const KINDS = {
  bool: 'boolean',
  int: 'number',
  uint: 'number',
  float: 'number',
  string: 'string',
  'string[]': 'list',
  map: 'object',
  'map[]': 'list',
  object: 'object',
};
/** Every value of the right type, so that the rules about values are reached. */
const typed = fc
  .uniqueArray(fc.constantFrom(...CONFIG_NAMES), { maxLength: 6 })
  .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, values[keyOf(name).type]]))));
const files = fc.oneof(
  fc.string(),
  fc.json(),
  damaged,
  keys.map((one) => JSON.stringify(one)),
  typed.map((one) => JSON.stringify(one)),
);

/** `npm run test:fuzz` asks for more. */
const TIMES = Number(process.env.FUZZ_TIMES ?? '1');

describe('a configuration file of any content', function () {
  this.timeout(60_000 * TIMES);
  const directory = mkdtempSync(join(tmpdir(), 'config-'));
  after(() => rmSync(directory, { recursive: true, force: true }));

  /** Undefined where it was refused in the way that callers count on. */
  function load(text: string, name = 'c.json') {
    const file = join(directory, name);
    writeFileSync(file, text);
    try {
      return loadConfig({ file, env: {} });
    } catch (err) {
      assert.ok(err instanceof OrchestratorError && err.code === 'CONFIG_INVALID', String(err));
      assert.ok(err.message.startsWith(file), err.message);
      return undefined;
    }
  }

  it('is loaded whole or refused as invalid, with its name', () => {
    let loaded = 0;
    fc.assert(
      fc.property(files, (text) => {
        const found = load(text);
        if (found === undefined) return;
        loaded += 1;
        assert.deepEqual(Object.keys(found.config), CONFIG_NAMES);
        for (const name of CONFIG_NAMES) {
          const value: unknown = found.config[name];
          assert.equal(Array.isArray(value) ? 'list' : typeof value, KINDS[keyOf(name).type], name);
        }
      }),
      { numRuns: 600 * TIMES },
    );
    assert.ok(loaded > 30, `only ${loaded} were loaded: nothing was shown about those`);
  });

  it('is loaded to the same values from its own dump, but for what is masked', () => {
    fc.assert(
      fc.property(typed, (one) => {
        const first = load(JSON.stringify(one));
        if (first === undefined) return;
        const dumped = dumpConfig(first.config);
        const second = load(dumped);
        assert.equal(second && dumpConfig(second.config), dumped);
      }),
      { numRuns: 150 * TIMES },
    );
  });

  it('holds credentials, or is refused as invalid', () => {
    const credentials = join(directory, 'my.cnf');
    const line = fc.oneof(
      fc.string(),
      fc.constantFrom('[client]', 'user=a', 'password="', 'password=\\', '[', '=', 'user'),
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
        writeFileSync(credentials, lines.join('\n'));
        const found = load(JSON.stringify({ MySQLTopologyCredentialsConfigFile: credentials }));
        if (found !== undefined) assert.equal(typeof found.config.MySQLTopologyPassword, 'string');
      }),
      { numRuns: 300 * TIMES },
    );
  });
});
