import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withProfile } from '../../../internal/client/profile.ts';
import type { CliResult } from '../../support/cli.ts';
import { callClient as call } from '../../support/client.ts';
import { freePort } from '../../support/daemon.ts';
import { SETTINGS, TestHttp } from '../../support/http.ts';

const entryOf = (name: string) => fileURLToPath(new URL(`../../../cmd/${name}.js`, import.meta.url));

describe('the client', () => {
  let http: TestHttp;
  let guarded: TestHttp;
  let directory = '';
  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'client-'));
    const authentication = { ...SETTINGS.authentication, method: 'basic', user: 'me', password: 'top secret' };
    [http, guarded] = await Promise.all([TestHttp.start(), TestHttp.start({ authentication, urlPrefix: '/orc' })]);
  });
  after(async () => {
    await Promise.all([http.stop(), guarded.stop()]);
    rmSync(directory, { recursive: true });
  });

  /** As an operator runs it. */
  function spawn(
    file: string,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<CliResult> {
    return new Promise((resolve) => {
      const options = { env: { ...process.env, ORCHESTRATOR_API: http.url, ...env }, timeout: 20_000 };
      const child = execFile(file, args, options, (_err, stdout, stderr) =>
        resolve({ status: child.exitCode ?? -1, stdout, stderr }),
      );
    });
  }

  it('is a program of its own, and a word of the other one', async () => {
    for (const args of [
      [entryOf('orchestrator-client'), '-c', 'clusters'],
      [entryOf('orchestrator'), 'client', 'clusters'],
    ])
      assert.deepEqual(await spawn(process.execPath, args), {
        ...{ status: 0, stdout: 'db1.example:3306\nlone.example:3306\n', stderr: '' },
      });
    const failed = await spawn(process.execPath, [entryOf('orchestrator'), 'client', 'which-master', '-i', 'nowhere']);
    assert.deepEqual([failed.status, failed.stderr], [1, 'Cannot read instance: nowhere:3306\n']);
  });

  /** Command line, environment, status, standard output, part of the standard error. */
  const CASES: readonly (readonly [string, number, string, string, Record<string, string>?])[] = [
    ['', 1, '', 'No command given. Use orchestrator-client -c <command>'],
    ['-c topolgy -a shop', 1, '', 'Unsupported command topolgy. Did you mean topology?'],
    ['-c topology', 1, '', 'instance|alias must be provided: topology -a CLUSTER | -i HOST[:PORT]'],
    ['-c relocate -i a', 1, '', 'destination must be provided: relocate -d HOST[:PORT]'],
    ['-c instance -i a:b', 1, '', '-i HOST[:PORT]: not a host:port: "a:b"'],
    ['-c tag-value -i db1.example -t none', 1, '', 'Tag none not found for db1.example:3306'],
    ['-c which-slaves -i db2.example', 0, '', ''],
    ['-c enslave-siblings -i db2.example', 0, 'db2.example:3306<db1.example:3306\n', ''],
    ['-c instance', 0, 'db2.example:3306\n', '', { ORCHESTRATOR_INSTANCE: 'db2.example' }],
    ['-c instance -i [2001:db8::1]:3306', 1, '', 'Cannot read instance: [2001:db8::1]:3306'],
    ['-c tags -i db1.example cli', 0, 'in_service=\nrole=backup\n', 'not understood: cli; ignored'],
    ['-c stop-replica -i db2.example --nicely', 1, '', 'not understood: --nicely; stop-replica --help lists'],
    ['-c stop-replica cli -i db2.example', 1, '', 'not understood: cli and what follows; stop-replica'],
    [
      '-c api -P raft-state',
      1,
      '{ "Code": "ERROR", "Message": "raft-state: not running with raft setup", "Details": null }\n',
      '',
    ],
    ['-c raft-leader', 1, '', 'raft-state: not running with raft setup'],
    ['-c can-replicate-from -i db2.example -d db2.example', 1, '{ "Hostname": "db2.example", "Port": 3306 }\n', ''],
    [
      '--json -c check-global-recoveries',
      0,
      '{"Code":"OK","Message":"Global recoveries enabled","Details":"enabled"}\n',
      '',
    ],
    ['--json -c tags -i nowhere', 0, '[]\n', ''],
    ['topology --help', 0, 'Draw the replication tree of a cluster.\n', ''],
    ['help purge-binary-logs', 0, 'Delete the binary logs before a file', ''],
    ['-c help', 0, 'Usage: orchestrator-client -c <command> [options]', ''],
    ['--help', 0, 'Usage: orchestrator-client -c <command> [options]', ''],
    ['completion fish', 1, '', 'completion bash or zsh, not "fish"'],
  ];
  for (const [typed, status, stdout, stderr, env = {}] of CASES)
    it(`${typed || 'nothing'}: status ${status}`, async () => {
      const found = await call(
        typed.split(' ').filter((word) => word !== ''),
        { ORCHESTRATOR_API: http.url, ...env },
      );
      assert.equal(found.status, status, found.stderr);
      assert.ok(stdout === '' ? found.stdout === '' : found.stdout.startsWith(stdout), found.stdout);
      assert.ok(stderr === '' ? status === 1 || found.stderr === '' : found.stderr.includes(stderr), found.stderr);
    });

  it('repeats nothing that may be a password', async () => {
    for (const argv of ['-psecret', '--password=secret', '-zsecret=secret', 'cli -b me:secret']) {
      const { stderr } = await call(['-c', 'clusters', ...argv.split(' ')], { ORCHESTRATOR_API: http.url });
      assert.match(stderr, /not understood: /);
      assert.doesNotMatch(stderr, /secret/);
    }
  });

  it('logs in by option, environment or address, and never says how', async () => {
    const login = { ORCHESTRATOR_AUTH_USER: 'me', ORCHESTRATOR_AUTH_PASSWORD: 'top secret' };
    const ORCHESTRATOR_API = `${guarded.url}/orc`;
    const inUrl = ORCHESTRATOR_API.replace('//', '//me:top%20secret@');
    for (const [argv, env] of [
      [['-b', 'me:top secret'], { ORCHESTRATOR_API }],
      [[], { ORCHESTRATOR_API, ...login }],
      [[], { ORCHESTRATOR_API: inUrl }],
    ] as const)
      assert.deepEqual((await call(['-c', 'all-clusters-masters', ...argv], env)).status, 0);
    const wrong = { ORCHESTRATOR_API: inUrl.replace('secret', 'wrong') };
    const { status, stdout, stderr } = await call(['-c', 'clusters'], wrong);
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /\/orc\/api\/clusters-info asks for a login \(401 Unauthorized\)/);
    assert.doesNotMatch(stderr, /wrong|top/);
    const header = await call(['-c', 'clusters', '-e', 'no header'], { ORCHESTRATOR_API: http.url });
    assert.deepEqual([header.status, header.stderr.includes('no header')], [1, false]);
  });

  it('says who asks in any script, and takes a password in the address as it stands', async () => {
    const { authentication } = SETTINGS;
    const byName = { ...authentication, method: 'proxy', userHeader: 'X-User', powerUsers: ['jörg', '汉'] };
    const byPassword = { ...authentication, method: 'basic', user: 'me', password: '50% ö' };
    const servers = await Promise.all([byName, byPassword].map((one) => TestHttp.start({ authentication: one })));
    const [named = '', guardedBy = ''] = servers.map(({ url }) => url);
    try {
      for (const [argv, ORCHESTRATOR_API] of [
        [['-e', 'X-User: jörg'], named],
        [['-e', 'X-User: 汉'], named],
        [[], guardedBy.replace('//', '//me:50%%20ö@')],
      ] as const) {
        const { status, stderr } = await call(['end-downtime', '-i', 'db2.example', ...argv], { ORCHESTRATOR_API });
        assert.equal(status, 0, stderr);
      }
    } finally {
      await Promise.all(servers.map((one) => one.stop()));
    }
  });

  it('has the password off the list of processes', async function () {
    if (process.platform !== 'linux') {
      console.log('SKIPPED: the list of processes can be asked on Linux only');
      this.skip();
    }
    const script = `process.argv.splice(2); const { clientMain } = await import(process.env.ENTRY);
      await clientMain(['-b', 'me:top secret', '-c', 'clusters'], { out: () => {}, err: () => {}, env: process.env });
      process.stdout.write((await import('node:fs')).readFileSync('/proc/self/cmdline', 'utf8'));`;
    const ENTRY = fileURLToPath(new URL('../../../internal/client/main.js', import.meta.url));
    const shown = await spawn(process.execPath, ['--input-type=module', '-e', script, 'me:top secret'], { ENTRY });
    assert.match(shown.stdout, /^orchestrator-client/);
    assert.doesNotMatch(shown.stdout, /secret/);
  });

  it('finds the leader among several addresses', async () => {
    const gone = `http://127.0.0.1:${await freePort()}`;
    const env = { ORCHESTRATOR_API: `${gone} ${http.url}/api ${gone}/` };
    assert.equal((await call(['which-api'], env)).stdout, `${http.url}/api\n`);
    assert.equal((await call(['clusters'], env)).status, 0);
    http.house.leads = false;
    const { status, stderr } = await call(['clusters'], env);
    http.house.leads = true;
    assert.equal(status, 1);
    assert.match(stderr, /Cannot determine leader from/);
  });

  it('reaches an API on a Unix socket', async () => {
    const path = join(directory, 'api.sock');
    const local = await TestHttp.startOnSocket(path);
    try {
      assert.equal((await call(['clusters'], { ORCHESTRATOR_API: `unix:${path}` })).status, 0);
      for (const ORCHESTRATOR_API of [http.url, `unix:${path}`]) {
        const found = await call(['api', '-P', 'search?s=db2 ü'], { ORCHESTRATOR_API });
        assert.deepEqual([found.status, found.stdout], [0, '[]\n'], found.stderr);
      }
    } finally {
      await local.stop();
    }
  });

  it('reads the profile of the host, and goes on without one that cannot be read', async () => {
    const profile = join(directory, 'profile.sh');
    const told: string[] = [];
    const read = async (text: string) => {
      writeFileSync(profile, text);
      return withProfile({ ORCHESTRATOR_INSTANCE: 'db9', HOME: '/x' }, (line) => told.push(line), profile);
    };
    const env = await read(
      'export ORCHESTRATOR_API="http://a/api http://b/api"\nORCHESTRATOR_INSTANCE=$(echo db1):3307\necho hi\n',
    );
    assert.deepEqual([env.ORCHESTRATOR_API, env.ORCHESTRATOR_INSTANCE], ['http://a/api http://b/api', 'db1:3307']);
    assert.deepEqual(told, []);
    assert.equal((await read('if then')).ORCHESTRATOR_INSTANCE, 'db9');
    assert.match(told.join(), /profile\.sh is left out: \/bin\/sh cannot read it: .*[Ss]yntax error/);
    assert.equal((await withProfile({ A: 'b' }, assert.fail, join(directory, 'none'))).A, 'b');
  });

  it('says where the answer is of another form, with status 5', async () => {
    const { status, stderr } = await call(['-c', 'clusters', '-U', `${http.url}/api/maintenance?`], {});
    assert.equal(status, 5);
    assert.match(
      stderr,
      /clusters: .*maintenance.*: the answer has nothing where a text is expected \(\$\[0\]\.ClusterName\)/,
    );
  });

  describe('completion', () => {
    const offered = async (typed: string): Promise<readonly string[]> => {
      const { stdout } = await call(['__complete', '--', typed], { ORCHESTRATOR_API: http.url });
      return stdout.split('\n').flatMap((line) => (line === '' ? [] : [line.split('\t')[0] ?? '']));
    };
    for (const [typed, words] of [
      ['orchestrator-client which-cluster-o', ['which-cluster-osc-replicas', 'which-cluster-osc-running-replicas']],
      ['orchestrator-client -c which-cluster-m', ['which-cluster-master']],
      ['orchestrator client which-cluster-m', ['which-cluster-master']],
      ['orchestrator cl', ['client']],
      ['orchestrator -c topo', []],
      ['orchestrator-client help topology-', ['topology-tabulated', 'topology-tags']],
      ['orchestrator-client completion ', ['bash', 'zsh']],
      ['orchestrator-client -c delay-replication --s', ['--seconds']],
      ['orchestrator-client -c topology --i', ['--instance']],
      ['orchestrator-client -c register-candidate -R pre', ['prefer', 'prefer_not']],
      ['orchestrator-client --promotion-rule=n', ['--promotion-rule=neutral']],
      ['orchestrator-client -c topology -i db', ['db1.example:3306', 'db2.example:3306', 'db3.example:3306']],
      ['orchestrator-client -c relocate -i db2.example:3306 -d db3.example:3', ['db3.example:3306']],
      ['orchestrator-client -c topology -a s', ['shop']],
      ['orchestrator-client -c untag -i db1.example -t ', ['in_service=', 'role=backup']],
      ['orchestrator-client -U http://127.0.0.1:1 -c topology -i ', []],
    ] as const)
      it(`of "${typed}"`, async () => assert.deepEqual(await offered(typed), words));

    for (const shell of ['bash', 'zsh'] as const)
      it(`works in ${shell}`, async function () {
        if (!has(shell)) {
          console.log(`SKIPPED: no ${shell} on this machine`);
          this.skip();
        }
        const program = join(directory, 'orchestrator-client');
        writeFileSync(program, `#!/bin/sh\nexec "${process.execPath}" "${entryOf('orchestrator-client')}" "$@"\n`);
        chmodSync(program, 0o755);
        const PATH = `${directory}${delimiter}${process.env.PATH}`;
        const { stdout, stderr } = await spawn(shell, ['-c', SESSION[shell]], { PATH });
        assert.equal(stdout, 'db3.example:3306\n'.repeat(shell === 'zsh' ? 2 : 1), stderr);
      });
  });
});

function has(shell: string): boolean {
  try {
    execFileSync(shell, ['-c', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** A line with the cursor at its end, behind a colon: what the shell would put there, with what stands already. In zsh sourced, then found by name. */
const SESSION = {
  bash: `source <(orchestrator-client completion bash)
    COMP_LINE='orchestrator-client -c topology -i db3.example:33' COMP_POINT=49
    _orchestrator_client orchestrator-client
    printf '%s\\n' "\${COMPREPLY[@]/#/db3.example:}"`,
  zsh: `compdef() { }; compadd() { print -l -- $found }
    source <(orchestrator-client completion zsh)
    words=(orchestrator-client -c topology -i db3.example:33) CURRENT=5 PREFIX=db3.example:33
    _orchestrator_client; _orchestrator_client() { }
    fpath=($(mktemp -d)) && orchestrator-client completion zsh > $fpath[1]/_orchestrator-client
    autoload -Uz _orchestrator-client && _orchestrator-client && rm -r $fpath[1]`,
};
