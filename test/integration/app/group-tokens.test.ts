// A person and a token in a group: issued on one node, taken up through another one, honoured by all.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { callCli, runCli } from '../../support/cli.ts';
import { type Daemon, until } from '../../support/daemon.ts';
import { DaemonGroup } from '../../support/daemon-group.ts';

describe('an access token of a group', () => {
  let group: DaemonGroup;
  let directory: string;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'group-tokens-'));
    const AccessTokenSecretFile = join(directory, 'secret');
    writeFileSync(AccessTokenSecretFile, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
    group = await DaemonGroup.start({ seeds: [], config: { AuthenticationMethod: 'token', AccessTokenSecretFile } });
  });
  after(async () => {
    await group?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  const redeem = async ({ url }: Daemon, token: string) => {
    const answer = await fetch(`${url}/web/access-token?publicToken=${token}`, { redirect: 'manual' });
    return /^access-token=[^;]+/.exec(answer.headers.get('set-cookie') ?? '')?.[0];
  };
  const act = async ({ url }: Daemon, cookie: string) => {
    const answer = await fetch(`${url}/api/register-candidate/db1.example/3306/prefer`, { headers: { cookie } });
    return ((await answer.json()) as { Code: string }).Code;
  };
  const issueOn = async (node: Daemon) => {
    const { stdout, stderr } = await runCli([
      '-config',
      join(node.directory, 'orchestrator.conf.json'),
      '-c',
      'access-token',
    ]);
    assert.match(stdout, /^[0-9a-f]{64}\n$/, stderr);
    return stdout.trim();
  };

  it('is issued on any node, given to one of those who show it, and honoured by all, also by the next leader', async () => {
    const leader = await group.leader();
    const [follower, other] = group.daemons.filter((daemon) => daemon !== leader);
    assert.ok(follower && other);
    assert.equal(await act(follower, ''), 'ERROR');
    const token = await issueOn(follower);
    const given = (await Promise.all(group.daemons.map((node) => redeem(node, token)))).filter(
      (one) => one !== undefined,
    );
    assert.equal(given.length, 1);
    const [cookie = ''] = given;
    for (const node of group.daemons) assert.equal(await act(node, cookie), 'OK');
    assert.equal(await act(other, `${cookie}0`), 'ERROR');

    await leader.kill();
    await until('the next one honours it', async () => (await act(follower, cookie)) === 'OK');
    assert.equal(await redeem(follower, token), undefined);
    await leader.launch();
    await group.level();
    const rows = 'SELECT public_token, secret_token, is_acquired FROM access_token';
    for (const node of group.daemons) assert.deepEqual(node.rows(rows), follower.rows(rows));
    assert.equal(follower.rows(rows).length, 1);
  });

  it('cannot be issued where no secret is known to the nodes', async () => {
    const config = join(directory, 'orchestrator.conf.json');
    const keys = {
      BackendDB: 'sqlite',
      SQLite3DataFile: join(directory, 'x.sqlite3'),
      RaftEnabled: true,
      RaftDataDir: directory,
    };
    writeFileSync(config, JSON.stringify(keys));
    const { status, stderr } = await callCli(['-config', config, '-ignore-raft-setup', '-c', 'access-token']);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /FATAL in a group tokens are signed with what all nodes know: name a file with it in AccessTokenSecretFile/,
    );
  });
});
