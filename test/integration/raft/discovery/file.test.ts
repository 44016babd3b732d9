import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formatAddress } from '../../../../internal/raft/address.ts';
import { FileFinder } from '../../../../internal/raft/discovery/file.ts';
import { OrchestratorError } from '../../../../internal/runtime/errors.ts';

describe('finding nodes by a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'finder-'));
  const path = join(folder, 'nodes');
  const finder = new FileFinder({ path, defaultPort: 10_008 });
  const found = async () => (await finder.find()).addresses.map(formatAddress);
  afterEach(() => rmSync(path, { force: true }));
  after(() => rmSync(folder, { recursive: true }));

  it('reads an address a line, and says which lines are none', async () => {
    writeFileSync(path, '# managers\n10.0.0.1\r\n\n  Node-2.example.com:7 # second\nfd00::1\n10.0.0.1:99999\n[::1:5\n');
    const { addresses, problems } = await finder.find();
    assert.deepEqual(addresses.map(formatAddress), ['10.0.0.1:10008', 'node-2.example.com:7', '[fd00::1]:10008']);
    assert.equal(problems.length, 2);
    assert.match(problems[0] ?? '', /nodes:6: the port of "10.0.0.1:99999"/);
    assert.match(problems[1] ?? '', /nodes:7: /);
  });

  const unknown = (because: RegExp) => (err: unknown) =>
    err instanceof OrchestratorError &&
    err.code === 'UNAVAILABLE' &&
    err.message.includes(path) &&
    because.test(String((err.cause as Error).message));

  it('knows nothing while there is no file', () => assert.rejects(finder.find(), unknown(/ENOENT/)));

  it('does not take anything large for a list of nodes', async () => {
    writeFileSync(path, '10.0.0.1\n'.repeat(40_000));
    await assert.rejects(finder.find(), unknown(/360000 bytes/));
  });

  const CHANGES: readonly { readonly title: string; readonly change: () => void }[] = [
    { title: 'written to', change: () => writeFileSync(path, '10.0.0.2\n') },
    {
      title: 'replaced as a whole',
      change: () => {
        writeFileSync(`${path}.new`, '10.0.0.2\n');
        renameSync(`${path}.new`, path);
      },
    },
    {
      title: 'a link that is turned to another file',
      change: () => {
        writeFileSync(join(folder, 'other'), '10.0.0.2\n');
        symlinkSync('other', `${path}.link`);
        renameSync(`${path}.link`, path);
      },
    },
  ];
  for (const { title, change } of CHANGES)
    it(`notices that it was ${title}`, async () => {
      writeFileSync(path, '10.0.0.1\n');
      assert.deepEqual(await found(), ['10.0.0.1:10008']);
      const deadline = AbortSignal.timeout(30_000);
      const noticed = finder.changed(deadline);
      setImmediate(change);
      await noticed;
      assert(!deadline.aborted);
      assert.deepEqual(await found(), ['10.0.0.2:10008']);
    });

  it('waits for the signal where there is no folder to watch', async () => {
    const nowhere = new FileFinder({ path: join(folder, 'none', 'nodes'), defaultPort: 1 });
    const signal = AbortSignal.timeout(30);
    await nowhere.changed(signal);
    assert(signal.aborted);
  });
});
