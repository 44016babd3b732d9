import assert from 'node:assert/strict';
import type { Agreement } from '../../../internal/app/agreement.ts';
import { Pools } from '../../../internal/app/pools.ts';
import { settingsFrom } from '../../../internal/app/settings-from-config.ts';
import type { Command, Stamp } from '../../../internal/command/command.ts';
import type { Config } from '../../../internal/config/keys.ts';
import { defaultConfig } from '../../../internal/config/load.ts';
import { keyText } from '../../../internal/topology/instance-key.ts';
import { partial } from '../../support/partial.ts';

const MINUTE_MS = 60_000;

function poolsOf(more: Partial<Config>) {
  const asked: Command[] = [];
  const decide = async (command: Command) => void asked.push(command);
  const pools = new Pools(
    {
      storage: { poolSubmitted: () => undefined },
      agreement: () => partial<Agreement>({ decide }),
      known: () => [{ hostname: 'db1.example.com', port: 3306 }],
      canonical: (key) => key,
      introduce: async () => undefined,
      settings: () => settingsFrom({ ...defaultConfig(), ...more }, { noop: false }).pools,
    },
    [],
  );
  return { pools, asked };
}

describe('pools of a node', () => {
  for (const [keys, meant] of [
    [{}, ['db1.example.com:3306']],
    [{ SupportFuzzyPoolHostnames: false }, ['db1:3306']],
    [{ SupportFuzzyPoolHostnames: false, DefaultInstancePort: 3307 }, ['db1:3307']],
  ] as readonly (readonly [Partial<Config>, readonly string[]])[])
    it(`${JSON.stringify(keys)}: "db1" is ${meant}`, async () => {
      const { pools, asked } = poolsOf(keys);
      await pools.submit('readers', 'db1');
      assert.deepEqual(
        asked.map((command) => command.op === 'submit-pool-instances' && command.keys.map(keyText)),
        [meant],
      );
    });

  for (const minutes of [60, 7])
    it(`keep a server for InstancePoolExpiryMinutes ${minutes}`, () => {
      const { pools } = poolsOf({ InstancePoolExpiryMinutes: minutes });
      const keys = [{ hostname: 'db1', port: 3306 }];
      pools.apply({ op: 'submit-pool-instances', pool: 'readers', keys }, partial<Stamp>({ atMs: 1_000 }));
      assert.equal(pools.list(1_000 + minutes * MINUTE_MS - 1).length, 1);
      assert.equal(pools.list(1_000 + minutes * MINUTE_MS).length, 0);
    });
});
