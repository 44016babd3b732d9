import assert from 'node:assert/strict';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCli } from '../../support/cli.ts';
import { freePort } from '../../support/daemon.ts';
import { aWrite, IDENTITY, inDirectory, withStore } from '../../support/raft-store.ts';

const NOBODY = '127.255.255.1:10008';

interface End {
  readonly what: string;
  readonly status: number;
  readonly says: RegExp;
  prepare(directory: string): void;
}

const ENDS: readonly End[] = [
  {
    what: 'that finds no group in time',
    status: 10,
    says: /FATAL no group within RaftBootstrapTimeoutSeconds \(1\): waits for 127\.255\.255\.1:10008 \(never seen\)/,
    prepare() {},
  },
  {
    what: 'that the group has removed',
    status: 14,
    says: /FATAL the group has removed this node/,
    prepare: (directory) =>
      withStore(directory, (store) => void store.write([aWrite({ removed: true })]), {
        fresh: { ...IDENTITY, clusterId: 'c1' },
      }),
  },
  {
    what: 'whose log is damaged',
    status: 12,
    says: /FATAL .*identity\.json/,
    prepare(directory) {
      withStore(directory, () => {}, { fresh: { ...IDENTITY, clusterId: 'c1' } });
      appendFileSync(join(directory, 'identity.json'), 'x');
    },
  },
];

describe('a daemon of a group', () => {
  for (const { what, status, says, prepare } of ENDS)
    it(`ends with status ${status} as a node ${what}`, () =>
      inDirectory(async (parent) => {
        const RaftDataDir = join(parent, 'raft');
        prepare(RaftDataDir);
        const [http, raft] = [await freePort(), await freePort()];
        const file = join(parent, 'orchestrator.conf.json');
        const node = `127.0.0.1:${raft}`;
        writeFileSync(
          file,
          JSON.stringify({
            ...{ BackendDB: 'sqlite', SQLite3DataFile: join(parent, 'backend.sqlite3') },
            ...{ ListenAddress: `127.0.0.1:${http}`, RaftEnabled: true, RaftDataDir, RaftBind: node },
            ...{ RaftNodes: [node, NOBODY], RaftBootstrapTimeoutSeconds: 1 },
          }),
        );
        const ended = await runCli(['-config', file, 'http']);
        assert.equal(ended.status, status, ended.stderr);
        assert.match(ended.stderr, says);
      }));
});
