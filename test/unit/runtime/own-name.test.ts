import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { ownName } from '../../../internal/runtime/own-name.ts';

describe('the name of the user of this process', () => {
  const { userInfo } = os;
  afterEach(() => {
    os.userInfo = userInfo;
    syncBuiltinESMExports();
  });

  it('is that of the system', () => assert.equal(ownName(), userInfo().username));

  it('is a number where the system has none', () => {
    os.userInfo = () => {
      throw Object.assign(new Error('uv_os_get_passwd returned ENOENT'), { code: 'ERR_SYSTEM_ERROR' });
    };
    syncBuiltinESMExports();
    assert.equal(ownName(), String(process.getuid?.()));
  });
});
