import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Flavour, SandboxServer } from '../../scripts/sandbox/sandbox.ts';
import { callCli } from '../support/cli.ts';
import { type Answer, until } from '../support/daemon.ts';
import { inSession, ownPosition } from '../support/dialect.ts';
import { address, scenarios } from '../support/scenario.ts';

const WITHOUT_GTID: Readonly<Record<Flavour, readonly string[]>> = {
  mysql: ['--gtid-mode=OFF', '--enforce-gtid-consistency=OFF'],
  mariadb: [], // there every transaction has one: replicas are told not to go by it
};
const PATTERN = 'drop view if exists `_pseudo_gtid_`';
const CONFIG = {
  ReplicationCredentialsQuery: "SELECT 'repl', 'repl_pw'",
  PseudoGTIDPattern: PATTERN,
  PseudoGTIDPatternIsFixedSubstring: true,
  PseudoGTIDMonotonicHint: 'asc:',
  DetectPseudoGTIDQuery: 'SELECT 1',
  BinlogEventsChunkSize: 100,
};

scenarios(
  'Pseudo-GTID',
  { tree: [undefined, 0, 0, 0], extraArguments: (flavour) => [0, 1, 2, 3].map(() => WITHOUT_GTID[flavour]) },
  (scenario, test) => {
    const path = (server: SandboxServer) => `${server.key.hostname}/${server.key.port}`;
    const done = async (call: string) => {
      const answer = await scenario.daemon.api<Answer>(call);
      assert.equal(answer.Code, 'OK', `${call}: ${answer.Message}`);
      return answer;
    };
    let marked = 0;
    const mark = async () => {
      marked += 1;
      await scenario.primary.query(`${PATTERN}.\`_asc:${String(marked).padStart(8, '0')}\``);
    };

    /** An application that connects for each row, so that replicas keep up. */
    const writes = () => {
      let [written, stopped] = [0, false];
      const loop = (async () => {
        for (; !stopped; written += 1) await scenario.insert(100 + written);
      })();
      const stop = async () => {
        stopped = true;
        await loop;
        return written;
      };
      scenario.onSettle(async () => void (await stop()));
      return stop;
    };

    test('moves a replica below another one and back while an application writes, and nothing is lost', async () => {
      const [primary, one, two] = scenario.servers;
      assert.ok(primary && one && two);
      const daemon = await scenario.watching(CONFIG);
      if (scenario.flavour === 'mariadb') for (const at of scenario.replicas) await done(`disable-gtid/${path(at)}`);
      await mark();
      await scenario.replicated(2);
      const stopWriting = writes();
      await inSession(one, ['FLUSH BINARY LOGS']); // files of the servers have nothing in common
      const { Message } = await done(`match/${path(two)}/${path(one)}`);
      assert.match(Message, / by Pseudo-GTID: .*: \S+\.\d+:\d+$/);
      await scenario.follows(two, one);
      await inSession(one, ['FLUSH BINARY LOGS']);
      const up = await done(`match-up/${path(two)}`);
      assert.equal((up.Details as { UsingPseudoGTID: boolean }).UsingPseudoGTID, true);
      await scenario.follows(two, primary);
      const relocated = await done(`relocate/${path(two)}/${path(one)}`);
      assert.match(relocated.Message, /by Pseudo-GTID/);
      await scenario.follows(two, one);
      const raised = (await done(`match-up-replicas/${path(one)}`)).Details as readonly { Key: { Port: number } }[];
      assert.deepEqual(
        raised.map(({ Key }) => Key.Port),
        [two.key.port],
      );
      await scenario.follows(two, primary);
      const config = join(daemon.directory, 'orchestrator.conf.json');
      const below = ['-i', address(primary), '-d', address(one), '-pattern', `:${two.key.port}$`];
      const { status, stdout, stderr } = await callCli(['-config', config, '-c', 'match-replicas', ...below]);
      assert.deepEqual([status, stdout], [0, `${address(two)}\n`], stderr);
      await scenario.follows(two, one);
      const again = await callCli(['-config', config, '-c', 'rematch', '-i', address(two)]);
      assert.deepEqual([again.status, again.stdout], [0, `${address(two)}<${address(one)}\n`], again.stderr);
      await scenario.follows(two, one);
      assert.ok((await stopWriting()) > 0, 'it wrote');
      for (const replica of scenario.replicas) await scenario.holds(replica, await scenario.rows(primary));

      // nothing is written any more: where the logs were found to be equal, they still are
      await done(`match-up/${path(two)}`);
      await scenario.follows(two, primary);
      const [file, position] = (await ownPosition(primary)).split(':');
      const { Details } = await done(`master-equivalent/${path(primary)}/${file}/${position}`);
      assert.deepEqual(
        (Details as { Key: { Port: number } }[]).map(({ Key }) => Key.Port),
        [one.key.port],
      );
      await done(`move-equivalent/${path(two)}/${path(one)}`);
      await scenario.follows(two, one);
      await done(`make-local-master/${path(two)}`);
      await scenario.follows(two, primary);
      await scenario.replicated(90_000);
    });

    test('regroups the replicas of a dead source, of which one has received less, and has the best one take writes', async () => {
      const [primary, one, two, three] = scenario.servers;
      assert.ok(primary && one && two && three);
      await scenario.watching({ ...CONFIG, RecoverMasterClusterFilters: [] });
      if (scenario.flavour === 'mariadb') for (const at of scenario.replicas) await done(`disable-gtid/${path(at)}`);
      await mark();
      await scenario.replicated(30);
      await inSession(two, [scenario.words.stopReceiver]);
      await scenario.replicated(31, primary, [one, three]);
      await scenario.prefer(one);
      await scenario.kill(primary);
      const refused = await scenario.daemon.api<Answer>(`make-master/${path(two)}`);
      assert.match(refused.Message, /has received what .* has not/);
      const { Message, Details } = await done(`regroup-replicas-pgtid/${path(primary)}`);
      assert.match(Message, /lost: 0, trivial: 1, pseudo-gtid: 1/);
      assert.equal((Details as { Port: number }).Port, one.key.port);
      for (const moved of [two, three]) {
        await scenario.follows(moved, one);
        await scenario.holds(moved, [1, 30, 31]);
      }
      await done(`make-master/${path(one)}`);
      assert.equal(await scenario.isReadOnly(one), false);
      await scenario.replicated(32, one, [two, three]);
    });

    test('works by markers that the daemon writes itself, and look-ups tell where they are', async () => {
      const [primary, one, two] = scenario.servers;
      assert.ok(primary && one && two);
      await inSession(primary, ['SET sql_log_bin = 0', "GRANT DROP ON `\\_pseudo\\_gtid\\_`.* TO 'orchestrator'@'%'"]);
      const daemon = await scenario.watching({ ...CONFIG, PseudoGTIDPattern: '', AutoPseudoGTID: true });
      if (scenario.flavour === 'mariadb') for (const at of scenario.replicas) await done(`disable-gtid/${path(at)}`);
      await until('a marker is written, and known of at all servers', async () => {
        const { Details } = await daemon.api<Answer>(`topology/${path(primary)}`);
        return String(Details).match(/,P-GTID/g)?.length === 4;
      });
      const shown = await daemon.api<{ UsingPseudoGTID: boolean }>(`instance/${path(two)}`);
      assert.equal(shown.UsingPseudoGTID, true);
      const newest = await done(`last-pseudo-gtid/${path(primary)}`);
      assert.match(
        String(newest.Details),
        /^drop view if exists `_pseudo_gtid_`.`_asc:[0-9a-f]{8}:[0-9a-f]{8}:[0-9a-f]{16}`$/,
      );
      await scenario.replicated(2);
      const relocated = await done(`relocate/${path(two)}/${path(one)}`);
      assert.match(relocated.Message, /by Pseudo-GTID/);
      await scenario.follows(two, one);

      const config = join(daemon.directory, 'orchestrator.conf.json');
      const cli = async (command: string, on: SandboxServer, ...more: readonly string[]) => {
        const { status, stdout, stderr } = await callCli([
          '-config',
          config,
          '-c',
          command,
          '-i',
          address(on),
          ...more,
        ]);
        assert.equal(status, 0, stderr);
        return stdout.trimEnd();
      };
      const [, at = '', text = ''] = /^([^:]+:\d+):(.*)$/.exec(await cli('last-pseudo-gtid', primary)) ?? [];
      assert.equal(await cli('find-binlog-entry', primary, '-pattern', text), at);
      const there = await until('the other one has it, too', () => cli('find-binlog-entry', two, '-pattern', text));
      const place = await ownPosition(primary);
      assert.equal(await cli('master-pos-wait', one, '-binlog', place), address(one));
      const same = await cli('correlate-binlog-pos', primary, '-d', address(one), '-binlog', place);
      assert.equal(await cli('correlate-binlog-pos', one, '-d', address(primary), '-binlog', same), place);
      assert.notEqual(there, '');
      assert.match(
        await cli('last-executed-relay-entry', one),
        /^\{Coordinates:\S+\.\d+:\d+ NextEventPos:(\d+) EventType:.*\}:\1$/s,
      );
      assert.match(await cli('correlate-relaylog-pos', one, '-d', address(one)), /^(\S+\.\d+:\d+);\1;\S+\.\d+:\d+$/);
    });

    if (scenario.flavour === 'mysql')
      test('brings a replica back that a failover has set aside, since its place was not known; nothing is executed twice', async () => {
        const [primary, one, two, three] = scenario.servers;
        assert.ok(primary && one && two && three);
        const daemon = await scenario.watching({ ...CONFIG, PseudoGTIDPattern: '' }); // no log can be compared yet
        await mark();
        await scenario.replicated(40);
        await inSession(two, [scenario.words.stopReceiver]);
        await scenario.replicated(39, primary, [one, three]);
        await scenario.prefer(one);
        await scenario.sees(two);
        await scenario.kill(primary);
        const [recovery] = await scenario.recoveries();
        assert.equal(recovery?.SuccessorKey.Port, one.key.port);
        assert.deepEqual(recovery.LostReplicas.map(({ Port }) => Port).sort(), [two.key.port]);
        await scenario.insert(41, one);
        daemon.reconfigure({ PseudoGTIDPattern: PATTERN });
        await daemon.logged('configuration reloaded');
        await done(`match/${path(two)}/${path(one)}`);
        await scenario.follows(two, one);
        for (const replica of [two, three]) await scenario.holds(replica, [1, 39, 40, 41]);
      });

    test('leaves a replica where it is whose log differs, and it replicates again', async () => {
      const [primary, one, two] = scenario.servers;
      assert.ok(primary && one && two);
      await scenario.watching(CONFIG);
      if (scenario.flavour === 'mariadb') for (const at of scenario.replicas) await done(`disable-gtid/${path(at)}`);
      const refused = async (reason: RegExp) => {
        const { Code, Message } = await scenario.daemon.api<Answer>(`match/${path(two)}/${path(one)}`);
        assert.equal(Code, 'ERROR', Message);
        assert.match(Message, reason);
        await scenario.follows(two, primary);
      };
      await refused(/no Pseudo-GTID entry found/);
      await mark();
      await scenario.replicated(20);
      // in a domain of its own MariaDB takes what comes from above, too
      const mysql = scenario.flavour === 'mysql';
      const before = mysql ? 'SET GLOBAL super_read_only = 0' : 'SET SESSION gtid_domain_id = 7';
      await inSession(two, [before, 'INSERT INTO app.t VALUES (1000)']);
      await refused(/does not have what lies at/);
      await scenario.insert(21);
      await scenario.holds(one, [1, 20, 21]);
      await scenario.holds(two, [1, 20, 21, 1000]);
      await refused(/mismatching entries .*written by server/);
    });
  },
);
