// The command blocks of docs/high-availability.md, in the order in which they stand there, each on the nodes that its first line names.
// What an operator's hosts have, and this one lacks, is put in its place: addresses of loopback, directories of this test, a
// `systemctl` that starts and stops the daemon.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

function sampleOf(node: number): string {
  const sample = readFileSync(`conf/orchestrator-raft-node${Math.min(node, 3)}.conf.json`, 'utf8');
  if (node <= 3) return sample;
  const list = ALL.map((one) => `"10.0.0.${one}"`).join(', ');
  return sample.replaceAll('10.0.0.3', `10.0.0.${node}`).replace(/"RaftNodes": \[.*\]/, `"RaftNodes": [${list}]`);
}

const entry = fileURLToPath(new URL('../../cmd/orchestrator.js', import.meta.url));
const NODES = [1, 2, 3];
/** They join later, with a file like the third one's. */
const ALL = [...NODES, 4, 5];

interface Block {
  readonly heading: string;
  readonly nodes: readonly number[];
  readonly text: string;
}

function blocksOf(page: string): readonly Block[] {
  return page.split(/^### /m).flatMap((section) => {
    const [heading = ''] = section.split('\n');
    return [...section.matchAll(/^```sh\n# on (node(\d)|each node)[^\n]*\n(.*?)^```/gms)].map(
      ([, , number, text = '']) => ({ heading, nodes: number === undefined ? NODES : [Number(number)], text }),
    );
  });
}

describe('the runbooks of docs/high-availability.md', function () {
  this.timeout(120_000);
  const net = `127.${randomInt(1, 255)}.${randomInt(1, 255)}`;
  let directory: string;
  const placeOf = (node: number) => join(directory, `node${node}`);
  const page = readFileSync('docs/high-availability.md', 'utf8');
  const blocks = blocksOf(page);

  /** The same text on this host. */
  const here = (text: string, node: number) =>
    text
      .replaceAll('10.0.0.', `${net}.`)
      .replaceAll('/etc/orchestrator', join(placeOf(node), 'etc'))
      .replaceAll('/var/lib/orchestrator', join(placeOf(node), 'lib'))
      .replaceAll('/var/backups', directory);

  const pidFile = (node: number) => join(placeOf(node), 'pid');

  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'runbooks-'));
    for (const node of ALL) {
      for (const name of ['bin', 'etc', 'lib']) mkdirSync(join(placeOf(node), name), { recursive: true });
      const sample = sampleOf(node);
      const seedless = sample.replace('"db1.example.com:3306"', ''); // a node is ready when it has seen its seeds
      writeFileSync(join(placeOf(node), 'etc/orchestrator.conf.json'), here(seedless, node));
      writeFileSync(join(placeOf(node), 'etc/raft.secret'), 'a secret that the nodes of this test share');
      program(node, 'orchestrator', `exec ${process.execPath} ${entry} "$@"`);
      const file = join(placeOf(node), 'etc/orchestrator.conf.json');
      const log = join(placeOf(node), 'daemon.log');
      program(
        node,
        'systemctl',
        `pid=$(cat ${pidFile(node)} 2> /dev/null || true)
case $1 in
  start) setsid ${process.execPath} ${entry} -config ${file} http >> ${log} 2>&1 < /dev/null & echo $! > ${pidFile(node)} ;;
  stop) [ -z "$pid" ] || { kill "$pid"; tail --pid="$pid" -f /dev/null; rm ${pidFile(node)}; } ;;
esac`,
      );
    }
  });

  after(() => {
    for (const node of ALL)
      if (existsSync(pidFile(node))) process.kill(Number(readFileSync(pidFile(node), 'utf8')), 'SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });

  function program(node: number, name: string, text: string): void {
    const file = join(placeOf(node), 'bin', name);
    writeFileSync(file, `#!/usr/bin/env bash\n${text}\n`);
    chmodSync(file, 0o755);
  }

  async function run({ text }: Block, node: number): Promise<void> {
    const env = {
      ...process.env,
      PATH: `${join(placeOf(node), 'bin')}:${process.env.PATH}`,
      NODE: String(node),
      ORCHESTRATOR_PASSWORD: 'x',
    };
    try {
      await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', here(text, node)], { env });
    } catch (err) {
      const log = join(placeOf(node), 'daemon.log');
      console.log(existsSync(log) ? readFileSync(log, 'utf8').slice(-2_000) : 'the daemon never ran');
      throw err;
    }
  }

  it('stand there with a node to run each block on', () => {
    assert.equal(blocks.length, page.match(/^```/gm)!.length / 2);
  });

  let failed = false; // what follows begins where the one before ended
  for (const heading of new Set(blocks.map((block) => block.heading)))
    it(`work: ${heading}`, async () => {
      assert.ok(!failed, 'an earlier one did not work');
      failed = true;
      for (const block of blocks.filter((one) => one.heading === heading))
        for (const node of block.nodes) await run(block, node);
      failed = false;
    });
});
