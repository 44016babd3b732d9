// Real servers that replicate, a daemon that watches them, and the questions every failover has to stand up to: never two
// servers that take writes, nothing received lost, every survivor attached and running. One sandbox serves all scenarios of
// a describe block; between them its servers are started where they are down and their replication is built anew.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, createConnection } from 'mysql2/promise';
import {
  ADMIN_LOGIN,
  type Flavour,
  findFlavours,
  type Login,
  Sandbox,
  type SandboxServer,
} from '../../scripts/sandbox/sandbox.ts';
import { type Answer, Daemon, until } from './daemon.ts';
import { inSession, ownPosition, replicaStatus, WORDS } from './dialect.ts';
import { splitBrains, WriteWatch } from './write-watch.ts';

/** For each server the index of the one it follows; undefined: it leads. */
export type Tree = readonly (number | undefined)[];

export interface ScenarioOptions {
  readonly tree: Tree;
  /** More server options, by index. */
  readonly extraArguments?: (flavour: Flavour) => readonly (readonly string[])[];
  readonly flavours?: readonly Flavour[];
}

export interface WireRecovery {
  readonly UID: string;
  readonly AnalysisEntry: { readonly Analysis: string; readonly AnalyzedInstanceKey: { readonly Port: number } };
  readonly IsSuccessful: boolean;
  readonly SuccessorKey: { readonly Port: number };
  readonly LostReplicas: readonly { readonly Port: number }[];
  readonly AllErrors: readonly string[];
  readonly RecoveryEndTimestamp: string;
}

export const address = (server: SandboxServer) => `${server.key.hostname}:${server.key.port}`;
const LOG_TAIL = 12_000;

/**
 * One describe block per flavour. `define` declares tests with `test`, which checks the invariants after each body and
 * prints the end of the daemon's log when one fails.
 */
export function scenarios(
  title: string,
  options: ScenarioOptions,
  define: (scenario: Scenario, test: (title: string, body: (context: Mocha.Context) => Promise<void>) => void) => void,
): void {
  for (const flavour of options.flavours ?? (['mariadb', 'mysql'] as const)) {
    describe(`${title} (${flavour})`, function () {
      this.timeout(90_000);
      const scenario = new Scenario(flavour, options);
      before(async function () {
        if (!(await findFlavours()).includes(flavour)) {
          assert.ok(!process.env.CI, `${flavour} must be there under CI`);
          console.log(`SKIPPED: no ${flavour} server on this machine`);
          this.skip();
        }
        await scenario.open();
      });
      beforeEach(() => scenario.reset());
      afterEach(() => scenario.settle());
      after(() => scenario.close());
      define(scenario, (name, body) =>
        it(name, async function () {
          try {
            await body(this);
            await scenario.verify();
          } catch (err) {
            await scenario.explain();
            throw err;
          }
        }),
      );
    });
  }
}

export class Scenario {
  readonly flavour: Flavour;
  readonly #options: ScenarioOptions;
  readonly #cleanUps: (() => Promise<void> | void)[] = [];
  readonly #down = new Set<SandboxServer>();
  #directory = '';
  #sandbox: Sandbox | undefined;
  #daemon: Daemon | undefined;
  #watch: WriteWatch | undefined;

  constructor(flavour: Flavour, options: ScenarioOptions) {
    this.flavour = flavour;
    this.#options = options;
  }

  get servers(): readonly SandboxServer[] {
    return this.#sandbox?.servers ?? [];
  }

  get primary(): SandboxServer {
    return this.server(0);
  }

  get replicas(): readonly SandboxServer[] {
    return this.servers.slice(1);
  }

  get daemon(): Daemon {
    assert.ok(this.#daemon, 'the scenario starts a daemon first');
    return this.#daemon;
  }

  get words() {
    return WORDS[this.flavour];
  }

  /** A folder of this block, for markers of hooks. */
  get directory(): string {
    return this.#directory;
  }

  server(index: number): SandboxServer {
    const found = this.servers[index];
    assert.ok(found);
    return found;
  }

  async open(): Promise<void> {
    this.#directory = mkdtempSync(join(tmpdir(), `scenario-${this.flavour}-`));
    this.#sandbox = await Sandbox.create({
      flavour: this.flavour,
      servers: this.#options.tree.length,
      directory: this.#directory,
      extraArguments: this.#options.extraArguments?.(this.flavour) ?? [],
    });
  }

  async close(): Promise<void> {
    await this.#sandbox?.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Every server up, empty and writable; then the tree, the tables and row 1 on each. */
  async reset(): Promise<void> {
    await Promise.all(
      this.servers.map(async (server) => {
        await server.kill('SIGCONT');
        if (this.#down.delete(server)) await server.start();
        await inSession(server, this.words.reset);
      }),
    );
    for (const [index, above] of this.#options.tree.entries()) {
      if (above !== undefined) await this.server(index).follow(this.server(above).key);
    }
    await inSession(this.primary, [
      'CREATE DATABASE app',
      'CREATE TABLE app.t (id INT PRIMARY KEY)',
      'CREATE TABLE app.gate (id INT PRIMARY KEY, n INT)',
      'INSERT INTO app.gate VALUES (1, 0)',
    ]);
    await this.replicated(1);
    this.#watch = new WriteWatch(this.servers);
  }

  /** What a scenario leaves to be undone, newest first; runs also when it failed. */
  onSettle(cleanUp: () => Promise<void> | void): void {
    this.#cleanUps.push(cleanUp);
  }

  async settle(): Promise<void> {
    for (const cleanUp of this.#cleanUps.splice(0).reverse()) await cleanUp();
    await this.#daemon?.stop();
    this.#daemon = undefined;
    await this.#watch?.stop();
    this.#watch = undefined;
  }

  /** The end of the daemon's log, and which gate says no now. */
  async explain(): Promise<void> {
    const daemon = this.#daemon;
    if (daemon === undefined) return;
    console.log(`--- end of the daemon's log\n${daemon.log().slice(-LOG_TAIL)}---`);
    const clusters = await daemon.api<string[]>('clusters').catch(() => []);
    for (const cluster of clusters) {
      const path = `v2/clusters/${cluster}/failover-plan`;
      const plan = await daemon.api<{ firstNo?: unknown }>(path).catch(() => undefined);
      console.log(`${cluster}: ${JSON.stringify(plan?.firstNo)}`);
    }
  }

  /** Never two servers that take writes, over the whole scenario. */
  async verify(): Promise<void> {
    const spans = (await this.#watch?.stop()) ?? [];
    this.#watch = undefined;
    assert.ok(spans.length > 0, 'somebody was seen to take writes');
    assert.deepEqual(splitBrains(spans), []);
  }

  /** A daemon that knows every server of the tree, or so many of them. */
  async watching(
    config: Readonly<Record<string, unknown>> = {},
    seed = address(this.primary),
    flags: readonly string[] = [],
    count = this.servers.length,
  ): Promise<Daemon> {
    const daemon = await Daemon.start({ seeds: [seed], config, arguments: flags });
    this.#daemon = daemon;
    await until(
      'every server is discovered',
      async () => (await daemon.api<unknown[]>('all-instances')).length === count,
    );
    return daemon;
  }

  /** Asked from now on; who started it stops it. */
  watchedBy(daemon: Daemon): void {
    this.#daemon = daemon;
  }

  async kill(server: SandboxServer): Promise<void> {
    this.#down.add(server);
    await server.kill('SIGKILL');
  }

  /** Somebody else, as a script of an operator, is going to kill it. */
  expectsDeath(server: SandboxServer): void {
    this.#down.add(server);
  }

  /** Starts a killed server as a supervisor would: with its own settings, so writable. */
  async revive(server: SandboxServer): Promise<void> {
    this.#watch?.expectReturn(server);
    await server.start();
    this.#down.delete(server);
  }

  freeze(server: SandboxServer): Promise<void> {
    return server.kill('SIGSTOP');
  }

  async thaw(server: SandboxServer): Promise<void> {
    this.#watch?.expectReturn(server);
    await server.kill('SIGCONT');
  }

  /** The test cuts this server off from everybody but its own clients, as a broken network does, or mends that. */
  isolates(server: SandboxServer): void {
    this.#watch?.expectIsolation(server);
  }

  rejoins(server: SandboxServer): void {
    this.#watch?.expectReturn(server);
  }

  async rows(on: SandboxServer): Promise<readonly number[]> {
    return (await on.query('SELECT id FROM app.t ORDER BY id')).map(({ id }) => Number(id));
  }

  async insert(id: number, on = this.primary): Promise<void> {
    await on.query(`INSERT INTO app.t VALUES (${id})`);
  }

  async holds(server: SandboxServer, rows: readonly number[]): Promise<void> {
    await until(`rows ${rows} on ${address(server)}`, async () => {
      const found = await this.rows(server);
      if (found.join() !== rows.join()) throw new Error(`it holds ${found}`);
      return true;
    });
  }

  /** Writes one row and waits until all have applied it. */
  async replicated(id: number, on = this.primary, replicas = this.replicas): Promise<void> {
    await this.insert(id, on);
    const want = await this.rows(on);
    for (const replica of replicas) await this.holds(replica, want);
  }

  /** Waits until the replicas have received, not necessarily applied, everything the primary wrote. */
  received(replicas = this.replicas): Promise<void> {
    return this.receivedFrom(this.primary, replicas);
  }

  async receivedFrom(source: SandboxServer, replicas: readonly SandboxServer[]): Promise<void> {
    const want = await ownPosition(source);
    for (const replica of replicas) {
      await until(`${address(replica)} received all`, async () => (await replicaStatus(replica))?.read === want);
    }
  }

  async isReadOnly(server: SandboxServer): Promise<boolean> {
    const [row] = await server.query('SELECT @@global.read_only AS readOnly');
    return Number(row?.readOnly) === 1;
  }

  async writable(among: readonly SandboxServer[]): Promise<readonly SandboxServer[]> {
    const readOnly = await Promise.all(among.map((server) => this.isReadOnly(server)));
    return among.filter((_, index) => readOnly[index] === false);
  }

  async fenced(server: SandboxServer, deadlineMs?: number): Promise<void> {
    await until(`${address(server)} is read-only`, () => this.isReadOnly(server), deadlineMs);
  }

  async follows(replica: SandboxServer, source: SandboxServer): Promise<void> {
    await until(`${address(replica)} follows ${address(source)}`, async () => {
      const status = await replicaStatus(replica);
      if (status?.source.port === source.key.port && status.receiving && status.applying) return true;
      throw new Error(JSON.stringify(status));
    });
  }

  /** One of the survivors takes writes, the others follow it, and a row written now joins the expected ones everywhere. */
  async healed(survivors: readonly SandboxServer[], rows: readonly number[]): Promise<SandboxServer> {
    const leader = await until('one survivor is writable', async () => (await this.writable(survivors))[0]);
    const others = survivors.filter((server) => server !== leader);
    for (const replica of others) await this.follows(replica, leader);
    for (const server of survivors) await this.holds(server, rows);
    const proof = (rows.at(-1) ?? 0) + 1_000;
    await this.insert(proof, leader);
    for (const server of others) await this.holds(server, [...rows, proof]);
    return leader;
  }

  /**
   * Recoveries as the audit lists them, newest first, once there are `count` of them and every one is closed: a new primary
   * takes writes before its recovery ends.
   */
  async recoveries(count: number | 'any' = 1): Promise<readonly WireRecovery[]> {
    return until(`${count} recoveries are closed`, async () => {
      const all = await this.daemon.api<WireRecovery[]>('audit-recovery');
      const enough = count === 'any' ? all.length > 0 : all.length === count;
      if (enough && all.every((one) => one.RecoveryEndTimestamp !== '')) return all;
      throw new Error(JSON.stringify(all.map(({ UID, RecoveryEndTimestamp }) => [UID, RecoveryEndTimestamp])));
    });
  }

  /**
   * Those of them that succeeded, once there are so many. Where a leader of a group lost its office before the promotion, the next one has let
   * its recovery go, and begun another.
   */
  async failovers(count = 1): Promise<readonly WireRecovery[]> {
    return until(`${count} failovers are closed`, async () => {
      const all = await this.recoveries('any');
      const letGo = all.filter(({ IsSuccessful }) => !IsSuccessful);
      for (const { AllErrors } of letGo) assert.match(AllErrors.join(), /nothing was promoted/);
      return all.length - letGo.length === count && all.filter(({ IsSuccessful }) => IsSuccessful);
    });
  }

  /** Waits until the daemon knows that the replica follows the source. */
  async seen(replica: SandboxServer, source: SandboxServer): Promise<void> {
    await until(`the daemon sees ${address(replica)} below ${address(source)}`, async () => {
      const path = `instance/${replica.key.hostname}/${replica.key.port}`;
      return (await this.daemon.api<{ MasterKey: { Port: number } }>(path)).MasterKey.Port === source.key.port;
    });
  }

  /** Waits until the daemon has read this server once more. */
  async sees(server: SandboxServer): Promise<void> {
    const { hostname, port } = server.key;
    await until(`the daemon reads ${address(server)}`, async () => {
      const { Code, Message } = await this.daemon.api<Answer>(`discover/${hostname}/${port}`);
      if (Code !== 'OK') throw new Error(Message); // it was late, or nobody led at that moment
      return true;
    });
  }

  async noRecovery(): Promise<void> {
    assert.deepEqual(await this.daemon.api('audit-recovery'), []);
  }

  async analysed(code: string): Promise<void> {
    await until(`the analysis says ${code}`, async () => {
      const found = await this.daemon.api<{ Details: { Analysis: string }[] }>('replication-analysis');
      return found.Details.some(({ Analysis }) => Analysis === code);
    });
  }

  /** Steps and notes of one recovery, oldest first. */
  async steps(uid: string): Promise<readonly string[]> {
    const rows = await this.daemon.api<{ Message: string }[]>(`audit-recovery-steps/${uid}`);
    return rows.map(({ Message }) => Message);
  }

  /** What the newest entry of this kind in the audit says. */
  async audited(type: string): Promise<string> {
    return until(`the audit tells of ${type}`, async () => {
      const all = await this.daemon.api<{ AuditType: string; Message: string }[]>('audit');
      return all.find(({ AuditType }) => AuditType === type)?.Message;
    });
  }

  /** Waits until a step that begins with `text` was journalled. */
  async begun(text: string): Promise<void> {
    await until(`the journal says "${text}"`, async () => this.daemon.journal().some((step) => step.startsWith(text)));
  }

  async prefer(server: SandboxServer, rule = 'prefer'): Promise<void> {
    const path = `register-candidate/${server.key.hostname}/${server.key.port}/${rule}`;
    await this.daemon.done(path);
  }

  /** Every transaction that the server has ever executed, as it says itself. */
  async history(server: SandboxServer): Promise<string> {
    const [row] = await server.query(`SELECT ${this.words.history} AS history`);
    return String(row?.history);
  }

  /** A session that stays open until the scenario is over. */
  async session(server: SandboxServer, login: Login): Promise<Connection> {
    const { hostname: host, port } = server.key;
    const connection = await createConnection({ host, port, ...login });
    connection.on('error', () => undefined); // its server may be killed
    this.onSettle(() => connection.destroy());
    return connection;
  }

  /** Keeps appliers of these servers waiting for a row lock, with `UPDATE app.gate` sent to the primary, until released. */
  async holdAppliers(servers: readonly SandboxServer[]): Promise<() => void> {
    const connections: Connection[] = [];
    for (const server of servers) {
      const connection = await this.session(server, ADMIN_LOGIN);
      connections.push(connection);
      if (this.flavour === 'mysql') await connection.query('SET GLOBAL super_read_only = 0'); // it forbids locking reads
      await connection.query('BEGIN');
      await connection.query('SELECT n FROM app.gate WHERE id = 1 FOR UPDATE');
    }
    if (this.flavour === 'mysql') for (const server of servers) await server.query('SET GLOBAL super_read_only = 1');
    await this.primary.query('UPDATE app.gate SET n = n + 1 WHERE id = 1');
    return () => {
      for (const connection of connections) connection.destroy();
    };
  }

  /** A takeover that stands still with a read-only primary: the successor cannot apply the last write until the answer is called. */
  async stuckTakeover(): Promise<() => void> {
    const target = this.server(1);
    const release = await this.holdAppliers([target]);
    const { hostname, port } = target.key;
    const path = `graceful-master-takeover/${address(this.primary)}/${hostname}/${port}`;
    void this.daemon.api(path).catch(() => undefined); // the daemon may die over it
    await this.fenced(this.primary);
    return release;
  }
}
