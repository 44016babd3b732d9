import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AREAS, CONFIG_NAMES, type ConfigName, keyOf } from '../../../internal/config/keys.ts';
import { NEVER_EXISTED, REMOVED } from '../../../internal/config/removed.ts';
import { CONFIG_DOCS, withKeyTables } from '../../../scripts/config-docs.ts';

/** Text of every source file that could use a key. */
function sources(skip: RegExp): string {
  return readdirSync('internal', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.startsWith('config/') && !skip.test(file))
    .map((file) => readFileSync(join('internal', file), 'utf8'))
    .join('\n');
}

/** Of every source file there; comments do not count. */
function wordsIn(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap(
      (file) =>
        readFileSync(join(directory, file), 'utf8')
          .replaceAll(/^\s*(\/?\*|\/\/).*$/gm, '')
          .match(/\w+/g) ?? [],
    );
}

/** Old names: they work through the new one. Keys about the files themselves: they work while those are read. */
const WORKS_WITHIN_THE_ROOM: ReadonlySet<string> = new Set([
  'SlaveLagQuery',
  'MasterFailoverDetachSlaveMasterHost',
  'PostponeSlaveRecoveryOnLagMinutes',
  'RecoveryPeriodBlockMinutes',
  'MySQLTopologyCredentialsConfigFile',
  'MySQLOrchestratorCredentialsConfigFile',
]);

describe('the table of keys', () => {
  const uses = (text: string, name: string) =>
    new RegExp(`\\bconfig\\.${name}\\b|'${name}'|\\b${name}[,}\\s][^;]*= [^;]*[cC]onfig;`).test(text);

  it('holds the 201 keys of the contract, then ours', () => {
    const own = Object.keys(AREAS['Our own'] ?? {});
    assert.equal(CONFIG_NAMES.length - own.length, 201);
    assert.deepEqual(CONFIG_NAMES.slice(201), own);
    assert.deepEqual(
      Object.values(AREAS).flatMap((area) => Object.keys(area)),
      CONFIG_NAMES,
    );
  });

  it('says in a sentence what each key does, in its unit', () => {
    for (const name of CONFIG_NAMES) {
      const { doc, unit } = keyOf(name);
      assert.match(doc, /^[A-Z`0-9].*[.]$/, name);
      const expected = /Milliseconds$/.test(name)
        ? 'ms'
        : /Seconds$/.test(name)
          ? 's'
          : /Minutes$/.test(name)
            ? 'min'
            : /Hours$/.test(name)
              ? 'h'
              : undefined;
      if (expected !== undefined) assert.equal(unit, expected, name);
    }
  });

  it('marks as not built, or retired, exactly what no part of the program reads', () => {
    const everywhere = sources(/^$/);
    const daemon = sources(/^cli\/|^app\/(daemon-client|offline)\.ts/);
    const silent: string[] = [];
    const wronglyMarked: string[] = [];
    for (const name of CONFIG_NAMES) {
      const { unbuilt, mark } = keyOf(name);
      const idle = unbuilt !== undefined || mark === 'retired';
      if (!idle && !WORKS_WITHIN_THE_ROOM.has(name) && !uses(everywhere, name)) silent.push(name);
      if (idle && uses(daemon, name)) wronglyMarked.push(name);
    }
    assert.deepEqual(silent, [], 'no effect and no warning: mark them `unbuilt` in internal/config/keys/');
    assert.deepEqual(wronglyMarked, [], 'built by now: take the mark off in internal/config/keys/');
  });

  it('has no key with an effect that no test speaks of', () => {
    const words = new Set(['test', 'scripts/sandbox'].flatMap((directory) => wordsIn(directory)));
    const unknown = CONFIG_NAMES.filter((name) => {
      const { unbuilt, mark } = keyOf(name);
      return unbuilt === undefined && mark !== 'retired' && !words.has(name);
    });
    assert.deepEqual(unknown, [], 'write a test that fails where the key is ignored');
  });

  it('says why in docs/compatibility.md where a key has no effect', () => {
    const document = readFileSync('docs/compatibility.md', 'utf8');
    const silent = CONFIG_NAMES.filter(
      (name) => keyOf(name).unbuilt !== undefined && !document.includes(`\`${name}\``),
    );
    assert.deepEqual(silent, []);
  });

  it('has no key that is also called removed', () => {
    const gone = [...Object.keys(REMOVED), ...NEVER_EXISTED];
    assert.deepEqual(
      gone.filter((name) => CONFIG_NAMES.includes(name as ConfigName)),
      [],
    );
  });

  it('stands in the documentation', () => {
    const document = readFileSync(CONFIG_DOCS, 'utf8');
    assert.equal(document, withKeyTables(document), 'write it anew: node dist/scripts/config-docs.js');
  });
});
