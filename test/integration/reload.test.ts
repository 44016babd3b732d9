import assert from 'node:assert/strict';
import { Daemon, freePort, until } from '../support/daemon.ts';

describe('SIGHUP', () => {
  let daemon: Daemon;
  before(async () => {
    daemon = await Daemon.start({ seeds: [], config: { AuditToBackendDB: true } });
  });
  after(() => daemon.stop());

  it('brings a good file into force at once, without a restart', async () => {
    await daemon.done('disable-global-recoveries');
    daemon.reconfigure({ ReadOnly: true });
    await daemon.logged('configuration reloaded');
    const refused = await daemon.api<{ Code: string; Message: string }>('enable-global-recoveries');
    assert.deepEqual([refused.Code, refused.Message], ['ERROR', 'Unauthorized']);
    const [audit] = await daemon.api<{ AuditType: string; Message: string }[]>('audit');
    assert.equal(audit?.AuditType, 'reload-configuration');
    assert.match(audit?.Message ?? '', /changed: ReadOnly; after a restart: none/);
  });

  it('probes a seed that was added', async () => {
    daemon.reconfigure({ DiscoverySeeds: [`127.0.0.1:${await freePort()}`] });
    await until('the new seed was tried', async () => {
      const text = await (await fetch(`${daemon.url}/metrics`)).text();
      return /probes_total\{[^}]*\} [1-9]/.test(text);
    });
  });

  it('names what needs a restart', async () => {
    daemon.reconfigure({ ListenAddress: '127.0.0.1:1' });
    await daemon.logged('"keys":["ListenAddress"],"msg":"configuration: restart to bring these keys into force"');
  });

  it('reports a broken file, keeps the values and lives on', async () => {
    daemon.reconfigure((text) => text.replace('{', '{ "ReadOnly": "yes",'));
    await daemon.logged('ReadOnly must be true or false, not \\"yes\\"');
    assert.match(daemon.log(), /configuration not reloaded: the values in force stay/);
    const refused = await daemon.api<{ Code: string }>('enable-global-recoveries');
    assert.equal(refused.Code, 'ERROR');
  });
});
