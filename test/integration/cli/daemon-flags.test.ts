import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import { runCli } from '../../support/cli.ts';
import { Daemon, freePort } from '../../support/daemon.ts';

describe('flags of the daemon, and the command resolve', function () {
  this.timeout(30_000);
  let connections = 0;
  let port = 0;
  let silent: Server;
  let daemon: Daemon | undefined;

  before(async () => {
    port = await freePort();
    silent = createServer((socket) => {
      connections += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => silent.listen(port, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    await daemon?.stop();
    daemon = undefined;
  });

  after(() => new Promise((resolve) => silent.close(resolve)));

  it('-discovery=false reads no server unless asked', async () => {
    daemon = await Daemon.start({ seeds: [`127.0.0.1:${port}`], arguments: ['-discovery=false'] });
    await daemon.logged('nothing is discovered, detected or recovered');
    assert.equal(connections, 0);
    assert.equal((await daemon.api<{ Code: string }>(`discover/127.0.0.1/${port}`)).Code, 'ERROR');
    assert.equal(connections, 1);
  });

  it('-quiet logs errors only', async () => {
    daemon = await Daemon.start({ seeds: [], arguments: ['-quiet'] });
    await daemon.kill('SIGTERM');
    assert.equal(daemon.log(), '');
  });

  it('resolve connects first, and says so when it cannot', async () => {
    const found = await runCli(['-c', 'resolve', '-i', `127.0.0.1:${port}`]);
    assert.deepEqual([found.status, found.stdout], [0, `127.0.0.1:${port}\n`], found.stderr);
    const refused = await runCli(['-c', 'resolve', '-i', '127.0.0.1:1']);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /FATAL cannot connect to 127\.0\.0\.1:1: .*ECONNREFUSED/);
  });
});
