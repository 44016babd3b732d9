import assert from 'node:assert/strict';
import { dumpConfig, SECRET_KEYS } from '../../../internal/config/dump.ts';
import { CONFIG_KEYS, type Config } from '../../../internal/config/keys.ts';
import { defaultConfig } from '../../../internal/config/load.ts';

describe('dump-config', () => {
  it('prints every key, in the order of the table, on one line', () => {
    const text = dumpConfig(defaultConfig());
    assert.deepEqual(Object.keys(JSON.parse(text)), Object.keys(CONFIG_KEYS));
    assert.doesNotMatch(text, /\n/);
  });

  it('masks every secret that is set, and no other', () => {
    const set = Object.fromEntries([...SECRET_KEYS].map((name) => [name, `secret of ${name}`]));
    const text = dumpConfig({ ...defaultConfig(), ...set });
    assert.doesNotMatch(text, /secret of/);
    assert.equal(text.split('"********"').length - 1, SECRET_KEYS.size);
    assert.doesNotMatch(dumpConfig(defaultConfig()), /\*{8}/);
  });

  it('has a mask for every key that is called a password, a secret or a token', () => {
    const named = Object.keys(CONFIG_KEYS).filter((name) => /Password$|Secret$|Token$/.test(name));
    assert.deepEqual(
      named.filter((name) => !SECRET_KEYS.has(name as keyof Config)),
      [],
    );
  });

  it('keeps null for lists that the contract leaves unset, and escapes what a page would take for markup', () => {
    const text = dumpConfig({ ...defaultConfig(), WebMessage: '<b>&' });
    assert.match(text, /"DiscoveryIgnoreHostnameFilters":null/);
    assert.match(text, /"WebMessage":"\\u003cb\\u003e\\u0026"/);
  });
});
