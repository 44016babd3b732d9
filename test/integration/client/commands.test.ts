import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { COMMANDS } from '../../../internal/client/table.ts';
import { CLIENT_COMMANDS, wordsOf } from '../../compat/client-commands.ts';
import { CONTRACT, LATER } from '../../compat/routes.ts';
import { callClient } from '../../support/client.ts';
import { FakeGroup } from '../../support/fake-group.ts';
import { A_RECOVERY, TestHttp } from '../../support/http.ts';

const nameOf = (command: string) => command.split(' ')[0] ?? '';
/** As our client asks: without what the established one leaves behind. */
const asWeAsk = (path: string) => path.replaceAll('%0A', '').replace(/\/(\?|$)/, '$1');
const patterns = (paths: readonly string[]) => paths.map((path) => new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}/?$`));
const isLater = (path: string) => patterns(LATER).some((pattern) => pattern.test(path.replace(/\?.*/, '')));

describe('the commands of the client', () => {
  let http: TestHttp;
  /** What reaches the API. */
  let asked: { readonly path: string; readonly headers: IncomingHttpHeaders }[] = [];
  /** How many answers are lost on their way. */
  let losing = 0;
  const front = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push({ path, headers: request.headers });
    const headers = request.headers as Record<string, string>;
    void http.get(path, headers).then(({ status, text }) => {
      losing -= 1;
      if (losing >= 0) response.destroy();
      else response.writeHead(status).end(text);
    });
  });
  let api = '';

  before(async () => {
    http = await TestHttp.start();
    await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
    api = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  });
  beforeEach(() => {
    [asked, losing] = [[], 0];
    http.house.group = new FakeGroup(1);
    http.house.disabled = false;
    http.house.repeated = [{ ...A_RECOVERY, failed: { hostname: 'lone.example', port: 3306 } }];
  });
  after(async () => {
    front.close();
    await http.stop();
  });

  const run = (command: string) => callClient(['-U', api, '-c', ...wordsOf(command)]);

  it('are those of the established client, and completion', () => {
    const rows = CLIENT_COMMANDS.map(([command]) => nameOf(command));
    assert.equal(new Set(rows).size, 106);
    assert.deepEqual(COMMANDS.map(({ name }) => name).toSorted(), [...rows, 'completion'].toSorted());
  });

  for (const [command, asks, lines] of CLIENT_COMMANDS)
    it(command, async () => {
      const { status, stdout, stderr } = await run(command);
      assert.deepEqual(
        asked.map(({ path }) => decodeURIComponent(path)),
        asks.map((path) => decodeURIComponent(`/api/${asWeAsk(path)}`)),
      );
      const last = asks.at(-1) ?? 'help';
      if (isLater(last)) {
        assert.match(stderr, /No such API call/);
        assert.equal(status, 1);
        return;
      }
      assert.deepEqual([status, stderr], [0, '']);
      if (lines !== undefined) assert.equal(stdout, lines.map((line) => `${line}\n`).join(''));
      const found = COMMANDS.find(({ name }) => name === nameOf(command));
      assert.equal('changes' in (found ?? {}), asked.at(-1)?.headers['idempotency-key'] !== undefined);
    });

  it('hand over what is written with marks of their own', async () => {
    await run('begin-downtime -i db2.example -o me/you -r why%3F%20%23now -u 1h');
    await run('tag -i db2.example -t role=a%26b');
    assert.deepEqual(http.house.calls.slice(-2), [
      'downtime db2.example:3306 me/you|why? #now|3600000',
      'tag db2.example:3306 role=a&b',
    ]);
  });

  it('happen once, whatever becomes of their answers', async () => {
    const before = http.house.calls.length;
    losing = 2;
    assert.equal((await run('relocate -i db3.example -d db2.example')).stdout, 'db3.example:3306<db1.example:3306\n');
    assert.equal(asked.length, 3);
    assert.deepEqual(http.house.calls.slice(before), ['relocate db3.example:3306 db2.example:3306']);
  });

  it('move replicas up to where they are moved up to, whatever else is named', async () => {
    for (const command of ['move-up-replicas', 'match-up-replicas']) {
      assert.equal((await run(`${command} -i db2.example -d db1.example`)).stdout, 'db2.example:3306\n');
      const { status, stderr } = await run(`${command} -i db2.example -d db3.example`);
      assert.equal(status, 1);
      assert.match(
        stderr,
        /db2.example:3306 replicates from db1.example:3306: its replicas are not moved up to db3.ex/,
      );
    }
  });

  for (const [command, asks] of CLIENT_COMMANDS.filter(([, paths]) => paths.length > 0))
    it(`${nameOf(command)}: the API knows what the established client asks for`, async () => {
      for (const path of asks) {
        const known = patterns([...CONTRACT.map((route) => route.path), ...OURS]);
        assert.ok(
          known.some((pattern) => pattern.test(path.replace(/\?.*/, ''))),
          path,
        );
        const theirs = await http.get(`/api/${path}`);
        assert.equal(theirs.status === 200, !isLater(path), theirs.text);
        if (isLater(path)) continue;
        const ours = await http.get(`/api/${asWeAsk(path)}`);
        assert.equal(timeless(theirs.text), timeless(ours.text));
      }
    });
});

/** However long either of them took. */
const timeless = (text: string) => text.replace(/\bTook [\d.]+ms/, 'Took its time');

/** Beside the contract of the API, for the shell client's sake. */
const OURS = ['move-gtid/:host/:port/:belowHost/:belowPort', 'tagged/:host/:port'];
