import assert from 'node:assert/strict';
import { settingsFrom } from '../../../internal/app/settings-from-config.ts';
import { defaultConfig } from '../../../internal/config/load.ts';

describe('how long an operation may take', () => {
  for (const [seconds, limitMs] of [
    [3_600, 3_600_000],
    [30, 30_000],
    [0, 600_000],
    [-1, 600_000],
  ] as const)
    it(`is ${limitMs} ms with MySQLTopologyReadTimeoutSeconds ${seconds}`, () => {
      const config = { ...defaultConfig(), MySQLTopologyReadTimeoutSeconds: seconds };
      assert.equal(settingsFrom(config, { noop: false }).operations.operationTimeoutMs, limitMs);
    });
});
