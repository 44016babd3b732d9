import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TestHttp } from '../../support/http.ts';

describe('the listener on a unix socket', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'unix-socket-'));
    path = join(directory, 'orchestrator.sock');
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('answers there, and takes the socket away when it stops', async () => {
    const http = await TestHttp.startOnSocket(path, { urlPrefix: '/orc' });
    try {
      assert.equal((await http.get('/orc/api/lb-check')).text, '"OK"');
    } finally {
      await http.stop();
    }
    assert.equal(existsSync(path), false);
  });

  it('takes over what a killed process has left', async () => {
    const leave = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', leave, path]);
    assert.ok(statSync(path).isSocket());
    const http = await TestHttp.startOnSocket(path);
    try {
      assert.equal((await http.get('/api/lb-check')).status, 200);
    } finally {
      await http.stop();
    }
  });

  it('is refused where another process listens, or where there is something else', async () => {
    const first = await TestHttp.startOnSocket(path);
    try {
      await assert.rejects(TestHttp.startOnSocket(path), {
        code: 'CONFIG_INVALID',
        message: /another process listens/,
      });
      assert.equal((await first.get('/api/lb-check')).status, 200);
    } finally {
      await first.stop();
    }
    writeFileSync(path, 'precious');
    await assert.rejects(TestHttp.startOnSocket(path), { code: 'CONFIG_INVALID', message: /no socket/ });
    assert.ok(existsSync(path));
    const nowhere = join(directory, 'no', 'where');
    await assert.rejects(TestHttp.startOnSocket(nowhere), { code: 'CONFIG_INVALID', message: /cannot listen on/ });
  });
});
