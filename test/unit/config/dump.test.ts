import assert from 'node:assert/strict';
import { dumpConfig } from '../../../internal/config/dump.ts';
import { CONFIG_NAMES, keyOf } from '../../../internal/config/keys.ts';
import { defaultConfig } from '../../../internal/config/load.ts';

const secrets = CONFIG_NAMES.filter((name) => keyOf(name).secret === true);

describe('dump-config', () => {
  it('prints every key, in the order of the table, on one line', () => {
    const text = dumpConfig(defaultConfig());
    assert.deepEqual(Object.keys(JSON.parse(text)), CONFIG_NAMES);
    assert.doesNotMatch(text, /\n/);
  });

  it('masks every secret that is set, and no other', () => {
    const set = Object.fromEntries(secrets.map((name) => [name, `secret of ${name}`]));
    const text = dumpConfig({ ...defaultConfig(), ...set });
    assert.doesNotMatch(text, /secret of/);
    assert.equal(text.split('"********"').length - 1, secrets.length);
    assert.doesNotMatch(dumpConfig(defaultConfig()), /\*{8}/);
  });

  it('has a mask for every key that is called a password, a secret or a token', () => {
    const named = CONFIG_NAMES.filter((name) => /Password$|Secret$|Token$/.test(name));
    assert.deepEqual(
      named.filter((name) => !secrets.includes(name)),
      [],
    );
  });

  it('keeps null for lists that the contract leaves unset, and escapes what a page would take for markup', () => {
    const text = dumpConfig({ ...defaultConfig(), WebMessage: '<b>&' });
    assert.match(text, /"DiscoveryIgnoreHostnameFilters":null/);
    assert.match(text, /"WebMessage":"\\u003cb\\u003e\\u0026"/);
  });
});
