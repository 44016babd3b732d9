import assert from 'node:assert/strict';
import { isLeftOut, isUnwanted } from '../../../internal/app/left-out.ts';
import { settingsFrom } from '../../../internal/app/settings-from-config.ts';
import type { Config } from '../../../internal/config/keys.ts';
import { defaultConfig } from '../../../internal/config/load.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { aReplica } from '../topology/builders.ts';

const settings = (more: Partial<Config>) => settingsFrom({ ...defaultConfig(), ...more }, { noop: false });
const FOUND = ['seed', 'replica', 'source'] as const;

describe('a server that is left out', () => {
  for (const [keys, host, expected] of [
    [{}, 'db1', []],
    [{ DiscoveryIgnoreHostnameFilters: ['^db1:3306$'] }, 'db1', FOUND],
    [{ DiscoveryIgnoreReplicaHostnameFilters: ['^db1:'] }, 'db1', ['replica']],
    [{ DiscoveryIgnoreMasterHostnameFilters: ['^db1:'] }, 'db1', ['source']],
    [{ DiscoveryIgnoreMasterHostnameFilters: ['^db1:'] }, 'db10', []],
    [{ DiscoveryIgnoreHostnameFilters: ['10.0.0.1'] }, '10.0.0.1', FOUND],
    [{ DiscoveryIgnoreHostnameFilters: ['10.0.0.1'] }, '10.0.0.10', []],
    [{ DiscoveryIgnoreHostnameFilters: ['(', 'db1'] }, 'db1', FOUND],
  ] as readonly (readonly [Partial<Config>, string, readonly string[]])[])
    it(`${host}, by ${JSON.stringify(keys)}: where it was found as ${expected.join(', ') || 'nothing'}`, () => {
      const { ignore } = settings(keys);
      const key = { hostname: host, port: 3306 };
      assert.deepEqual(
        FOUND.filter((found) => isLeftOut(ignore, key, found)),
        expected,
      );
    });

  for (const [keys, user, out, told] of [
    [{}, 'backup', false, 0],
    [{ DiscoveryIgnoreReplicationUsernameFilters: ['^back'] }, 'backup', true, 1],
    [{ DiscoveryIgnoreReplicationUsernameFilters: ['^back'] }, 'repl', false, 0],
    [{ DiscoveryIgnoreReplicationUsernameFilters: ['^back'], EnableDiscoveryFiltersLogs: false }, 'backup', true, 0],
  ] as readonly (readonly [Partial<Config>, string, boolean, number])[])
    it(`one that replicates as ${user}, by ${JSON.stringify(keys)}: ${out}, told of ${told} times`, () => {
      let lines = 0;
      const log = {
        ...silentLog,
        info: () => {
          lines += 1;
        },
      };
      const replica = aReplica(2, '', '', { replication: { user } });
      assert.deepEqual([isUnwanted(settings(keys).servers.replicas, replica, log), lines], [out, told]);
    });
});
