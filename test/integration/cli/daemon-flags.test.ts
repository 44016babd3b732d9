import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { runCli, spawnCli } from '../../support/cli.ts';
import { Daemon, freePort, until } from '../../support/daemon.ts';

describe('flags of the daemon, and the command resolve', () => {
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

  it('continuous discovers without listening, keeps others out, and ends when it is told to', async () => {
    daemon = await Daemon.prepare({ seeds: [`127.0.0.1:${port}`] });
    const config = join(daemon.directory, 'orchestrator.conf.json');
    const before = connections;
    const loop = spawnCli(['-config', config, '-c', 'continuous']);
    try {
      await until('the seed is read', async () => connections > before);
      await assert.rejects(fetch(`${daemon.url}/api/clusters`), ({ cause }: Error) =>
        /ECONNREFUSED/.test(String(cause)),
      );
      const another = await runCli(['-config', config, '-c', 'continuous']);
      assert.deepEqual([another.status, another.stdout], [1, ''], another.stderr);
    } finally {
      loop.kill('SIGTERM');
    }
    const { status, stdout, stderr } = await loop.ended;
    assert.deepEqual([status, stdout], [0, ''], stderr);
    const inGroup = await runCli(['-config', groupConfig(config), '-c', 'continuous']);
    assert.equal(inGroup.status, 1);
    assert.match(inGroup.stderr, /FATAL RaftEnabled is set: .*use http in the place of continuous/);
  });

  it('resolve connects first, and says so when it cannot', async () => {
    const found = await runCli(['-c', 'resolve', '-i', `127.0.0.1:${port}`]);
    assert.deepEqual([found.status, found.stdout], [0, `127.0.0.1:${port}\n`], found.stderr);
    const refused = await runCli(['-c', 'resolve', '-i', '127.0.0.1:1']);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /FATAL cannot connect to 127\.0\.0\.1:1: .*ECONNREFUSED/);
  });
});

/** The same, as a node of a group. */
function groupConfig(file: string): string {
  const keys = {
    ...JSON.parse(readFileSync(file, 'utf8')),
    RaftEnabled: true,
    RaftDataDir: dirname(file),
    RaftBind: '127.0.0.1',
  };
  writeFileSync(`${file}.group`, JSON.stringify(keys));
  return `${file}.group`;
}
