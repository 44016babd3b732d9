import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { until } from '../support/daemon.ts';
import { LoopbackNetwork } from '../support/network/loopback.ts';
import { canMakeNamespaces, NamespaceNetwork } from '../support/network/namespaces.ts';
import type { Host, Network } from '../support/network/network.ts';
import { LONG } from './group-scenarios.ts';

const PORT = 3_000;
const OTHER_PORT = 3_001;
const talker = fileURLToPath(new URL('../support/network/talker.js', import.meta.url));

/** What a host heard from the others lately, and what came back. */
interface Heard {
  readonly pid: number;
  /** Numbers of the latest words that arrived here, by sender. */
  readonly words: Readonly<Record<string, number>>;
}

class Talkers {
  readonly #network: Network;
  readonly #directory = mkdtempSync(join(tmpdir(), 'talkers-'));
  readonly #doors = new Map<string, string>();

  constructor(network: Network) {
    this.#network = network;
  }

  async start(): Promise<void> {
    for (const host of this.#network.hosts) {
      const others = this.#network.hosts
        .filter((other) => other !== host)
        .map(({ address }) => `${address}:${OTHER_PORT}`);
      await host.run(
        process.execPath,
        [talker, host.name, host.bind, `${PORT}`, `${OTHER_PORT}`, ...others],
        join(this.#directory, 'log'),
      );
      this.#doors.set(host.name, await host.door(PORT));
    }
  }

  async heard({ name }: Host): Promise<Heard> {
    return (await fetch(`http://${this.#doors.get(name)}/`)).json() as Promise<Heard>;
  }

  /** Who hears whom, as `1<2`, once two rounds of asking say what is expected. */
  async hear(expected: readonly string[]): Promise<void> {
    const { hosts } = this.#network;
    await until(`hear: ${expected.join(' ')}`, async () => {
      const before = await Promise.all(hosts.map((host) => this.heard(host)));
      await new Promise((resolve) => setTimeout(resolve, 150));
      const after = await Promise.all(hosts.map((host) => this.heard(host)));
      const found = hosts.flatMap(({ name }, at) =>
        Object.entries(after[at]!.words)
          .filter(([who, word]) => word > (before[at]!.words[who] ?? 0))
          .map(([who]) => `${name.slice(1)}<${who.slice(1)}`),
      );
      if (found.sort().join() !== [...expected].sort().join()) throw new Error(found.join(' '));
      return true;
    });
  }

  close(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

const ALL = ['1<2', '1<3', '2<1', '2<3', '3<1', '3<2'];

const noNamespaces = canMakeNamespaces();
if (noNamespaces !== undefined) console.log(`networks are tested on loopback only: ${noNamespaces}`);

if (noNamespaces === undefined && !LONG)
  console.log(
    'SKIPPED: networks on loopback, which stand in where there are no namespaces; NEMESIS=all tests them too',
  );

// Loopback stands in where there are no namespaces: it is tested there, and in the long job.
const kinds: readonly (readonly [Network['kind'], () => Promise<Network>])[] = [
  ...(noNamespaces !== undefined || LONG ? [['loopback', () => LoopbackNetwork.open(3, [OTHER_PORT])] as const] : []),
  ...(noNamespaces === undefined ? [['namespaces', () => NamespaceNetwork.open(3)] as const] : []),
];

for (const [kind, open] of kinds) {
  describe(`a network of ${kind}`, () => {
    let network: Network;
    let talkers: Talkers;

    before(async () => {
      network = await open();
      talkers = new Talkers(network);
      await talkers.start();
    });
    after(async () => {
      talkers?.close();
      await network?.close();
    });
    afterEach(() => network.mend());

    it('passes everything', () => talkers.hear(ALL));

    it('cuts one host off, and takes it back', async () => {
      await network.cut(['h1'], ['h2', 'h3']);
      await network.cut(['h2', 'h3'], ['h1']);
      await talkers.hear(['2<3', '3<2']);
      await network.mend();
      await talkers.hear(ALL);
    });

    it('loses one direction of one link only', async () => {
      await network.cut(['h1'], ['h2']);
      await talkers.hear(ALL.filter((one) => one !== '2<1'));
    });

    it('ends what runs on a host with its network', async () => {
      const { pid } = await talkers.heard(network.hosts[0]!);
      assert.ok(process.kill(pid, 0));
      await network.close();
      await until('it is gone', async () => gone(pid));
      network = await open();
    });
  });
}

if (noNamespaces === undefined)
  it('a test on network namespaces that is killed leaves no process, and its namespaces go when the next one begins', async () => {
    const killed = spawn(process.execPath, [fileURLToPath(new URL('../support/network/holder.js', import.meta.url))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const said = new Promise<string>((resolve) => killed.stdout.once('data', (text: Buffer) => resolve(String(text))));
    const pid = Number(await said);
    const ended = new Promise((resolve) => killed.once('exit', resolve));
    killed.kill('SIGKILL');
    await ended;
    await until('the program on its host is gone', async () => gone(pid));
    await (await NamespaceNetwork.open(1)).close();
    const { stdout } = spawnSync('ip', ['netns', 'list'], { encoding: 'utf8' });
    assert.doesNotMatch(stdout, new RegExp(`-${killed.pid}-`));
  });

function gone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch {
    return true;
  }
}
