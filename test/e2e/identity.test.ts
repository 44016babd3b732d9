// A server that comes back at another address is the same server, with what was decided about it.

import assert from 'node:assert/strict';
import { SandboxServer } from '../../scripts/sandbox/server.ts';
import { freePort, until } from '../support/daemon.ts';
import { address, scenarios } from '../support/scenario.ts';

interface Known {
  readonly Key: { readonly Port: number };
  readonly IsLastCheckValid: boolean;
  readonly PromotionRule: string;
}

// MariaDB servers carry no UUID: there another address is another server
scenarios('a changed address', { tree: [undefined, 0], flavours: ['mysql'] }, (scenario, test) => {
  test('is the same server, which keeps its promotion rule', async () => {
    const { primary, replicas, flavour } = scenario;
    const [replica] = replicas;
    assert.ok(replica);
    const daemon = await scenario.watching();
    const { hostname, port } = replica.key;
    await daemon.done(`register-candidate/${hostname}/${port}/prefer`);
    const [row] = await replica.query('SELECT @@server_id AS id');
    await scenario.kill(replica);
    const moved = new SandboxServer(flavour, await freePort(), replica.directory, Number(row?.id), []);
    scenario.onSettle(() => moved.kill('SIGKILL'));
    await moved.start();
    await until(`${address(moved)} stands for ${address(replica)}`, async () => {
      const known = await daemon.api<Known[]>('all-instances');
      const found = known.map((one) => `${one.Key.Port} ${one.IsLastCheckValid} ${one.PromotionRule}`).sort();
      const expected = [`${primary.key.port} true neutral`, `${moved.key.port} true prefer`].sort();
      if (found.join() !== expected.join()) throw new Error(found.join());
      return true;
    });
    assert.match(daemon.log(), /a server answers at another address than before/);
  });
});
