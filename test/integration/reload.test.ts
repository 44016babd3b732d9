import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Daemon, freePort, until } from '../support/daemon.ts';

describe('SIGHUP', () => {
  let daemon: Daemon;
  before(async () => {
    daemon = await Daemon.start({ seeds: [] });
  });
  after(() => daemon.stop());

  function rewrite(change: (text: string) => string): void {
    const file = join(daemon.directory, 'orchestrator.conf.json');
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  }

  const set = (values: object) => (text: string) => JSON.stringify({ ...JSON.parse(text), ...values });

  it('brings a good file into force at once, without a restart', async () => {
    assert.equal((await daemon.api<{ Code: string }>('disable-global-recoveries')).Code, 'OK');
    rewrite(set({ ReadOnly: true }));
    daemon.hangUp();
    await daemon.logged('configuration reloaded');
    const refused = await daemon.api<{ Code: string; Message: string }>('enable-global-recoveries');
    assert.deepEqual([refused.Code, refused.Message], ['ERROR', 'Unauthorized']);
    const [audit] = await daemon.api<{ AuditType: string; Message: string }[]>('audit');
    assert.equal(audit?.AuditType, 'reload-configuration');
    assert.match(audit?.Message ?? '', /changed: ReadOnly; after a restart: none/);
  });

  it('probes a seed that was added', async () => {
    rewrite(set({ DiscoverySeeds: [`127.0.0.1:${await freePort()}`] }));
    daemon.hangUp();
    await until('the new seed was tried', async () => {
      const text = await (await fetch(`${daemon.url}/metrics`)).text();
      return /probes_total\{[^}]*\} [1-9]/.test(text);
    });
  });

  it('names what needs a restart', async () => {
    rewrite(set({ ListenAddress: '127.0.0.1:1' }));
    daemon.hangUp();
    await daemon.logged('"keys":["ListenAddress"],"msg":"configuration: restart to bring these keys into force"');
  });

  it('reports a broken file, keeps the values and lives on', async () => {
    rewrite((text) => text.replace('{', '{ "ReadOnly": "yes",'));
    daemon.hangUp();
    await daemon.logged('ReadOnly must be true or false, not \\"yes\\"');
    assert.match(daemon.log(), /configuration not reloaded: the values in force stay/);
    const refused = await daemon.api<{ Code: string }>('enable-global-recoveries');
    assert.equal(refused.Code, 'ERROR');
  });
});
