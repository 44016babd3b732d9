import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { loadConfig } from '../../internal/config/load.ts';
import {
  type Balancer,
  haproxyComplaint,
  hasBalancer,
  keepalivedComplaints,
  startHaproxy,
} from '../support/balancers.ts';
import { Daemon, freePort, runHere, until } from '../support/daemon.ts';

/** C-102: from the new leader's first word to the first answer that comes through HAProxy. */
const FOLLOW_LIMIT_MS = 2_000;
/** Of the 300 ms that HAProxy gives an answer. */
const BUSY_MS = 200;
const LOGIN = { authorization: `Basic ${Buffer.from('operator:replace-this').toString('base64')}` };

function needs(context: Mocha.Context, balancer: Balancer): void {
  if (hasBalancer(balancer)) return;
  assert.ok(!process.env.CI, `${balancer} must be there under CI`);
  console.log(`SKIPPED: ${balancer} was not fetched`);
  context.skip();
}

describe('load balancers in front of a group', function () {
  this.timeout(90_000);
  const net = `127.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  /** What an operator does to the samples. */
  const withAddresses = (text: string) => text.replaceAll('10.0.0.', `${net}.`);
  let directory: string;
  const daemons: Daemon[] = [];
  let stopHaproxy: () => Promise<void>;
  let front: string;

  /** A node as its sample says, on addresses and paths of this test. */
  async function fromSample(number: number): Promise<Daemon> {
    const secret = join(directory, 'raft.secret');
    writeFileSync(secret, 'a secret that the nodes of this test share');
    const file = join(directory, `node${number}.json`);
    writeFileSync(file, withAddresses(readFileSync(`conf/orchestrator-raft-node${number}.conf.json`, 'utf8')));
    const env = { ORCHESTRATOR_PASSWORD: 'x' };
    const { config } = loadConfig({ file, env });
    const { ListenAddress, AuthenticationMethod, HTTPAuthUser, HTTPAuthPassword } = config;
    const { RaftEnabled, RaftBind, RaftNodes } = config;
    return Daemon.start({
      seeds: [],
      config: (own) => ({
        ...{ AuthenticationMethod, HTTPAuthUser, HTTPAuthPassword, RaftEnabled, RaftBind, RaftNodes },
        ...{ RaftDataDir: join(own, 'raft'), RaftSharedSecretFile: secret },
      }),
      place: { run: runHere, listen: ListenAddress, door: ListenAddress, ready: '/livez' },
    });
  }

  const answers = async (url: string, path: string) => {
    try {
      return (await fetch(`${url}/api/${path}`, { headers: LOGIN, signal: AbortSignal.timeout(500) })).status;
    } catch {
      return 0;
    }
  };
  const leader = () =>
    until('somebody leads', async () => {
      for (const daemon of daemons) if ((await answers(daemon.url, 'leader-check')) === 200) return daemon;
      return undefined;
    });
  const throughFront = () =>
    until('HAProxy leads to the leader', async () => (await answers(front, 'leader-check')) === 200);

  before(async function () {
    needs(this, 'haproxy');
    directory = mkdtempSync(join(tmpdir(), 'balancers-'));
    daemons.push(...(await Promise.all([1, 2, 3].map(fromSample))));
    const port = await freePort();
    front = `http://127.0.0.1:${port}`;
    const file = join(directory, 'haproxy.cfg');
    writeFileSync(
      file,
      withAddresses(readFileSync('conf/haproxy.cfg', 'utf8')).replace('bind *:80', `bind 127.0.0.1:${port}`),
    );
    assert.equal(haproxyComplaint(file), '');
    stopHaproxy = startHaproxy(file);
    await throughFront();
  });
  after(async () => {
    await stopHaproxy?.();
    await Promise.all(daemons.map((daemon) => daemon.stop()));
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  });

  for (const signal of ['SIGKILL', 'SIGTERM', 'SIGSTOP'] as const) {
    it(`HAProxy follows within two seconds when the leader gets ${signal}, and ends connections to it`, async () => {
      const former = await leader();
      await throughFront();
      const { hostname, port } = new URL(front);
      // HAProxy ends it before its time where a check of a busy leader is late
      const { ended } = await until('a connection through HAProxy is answered', async () => {
        const kept = connect(Number(port), hostname);
        kept.on('error', () => undefined);
        const closed = new Promise<false>((resolve) => kept.once('close', () => resolve(false)));
        const answered = new Promise<true>((resolve) => kept.on('data', () => resolve(true)));
        kept.write('GET /api/lb-check HTTP/1.1\r\nhost: x\r\n\r\n');
        return (await Promise.race([answered, closed])) && { ended: closed };
      });
      if (signal === 'SIGSTOP') former.freeze();
      else await former.kill(signal);
      const heir = await until('another one leads', async () => {
        for (const daemon of daemons.filter((one) => one !== former))
          if ((await answers(daemon.url, 'leader-check')) === 200) return daemon;
        return undefined;
      });
      let sinceMs = performance.now();
      let followed = false;
      const watching = (async () => {
        while (!followed) {
          const askedMs = performance.now();
          const status = await answers(heir.url, 'leader-check');
          // HAProxy waits 300 ms: whoever was slower, or led no more for a moment, was rightly not taken
          if (status !== 200 || performance.now() - askedMs > BUSY_MS) sinceMs = performance.now();
          await delay(20);
        }
      })();
      await throughFront();
      const tookMs = performance.now() - sinceMs;
      followed = true;
      await watching;
      assert.ok(tookMs < FOLLOW_LIMIT_MS, `it took ${tookMs.toFixed(0)} ms`);
      await ended;
      if (signal === 'SIGSTOP') former.thaw();
      else await former.launch();
      await until('it is back', async () => (await answers(former.url, 'lb-check')) === 200);
    });
  }

  it('keepalived takes its configuration, and would say what it does not take', function () {
    needs(this, 'keepalived');
    assert.deepEqual(keepalivedComplaints(resolve('conf/keepalived.conf')), []);
    const misspelt = join(directory, 'keepalived.conf');
    writeFileSync(misspelt, readFileSync('conf/keepalived.conf', 'utf8').replace('priority 150', 'prioritty 150'));
    assert.match(keepalivedComplaints(misspelt).join(), /prioritty/);
  });
});
