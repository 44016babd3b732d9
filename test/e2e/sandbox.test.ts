import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { findFlavours, Sandbox } from '../../scripts/sandbox/sandbox.ts';

for (const flavour of ['mariadb', 'mysql'] as const) {
  describe(`a sandbox of ${flavour}`, () => {
    it('replicates a row, also to a server killed and started again', async function () {
      if (!(await findFlavours()).includes(flavour)) {
        assert.ok(!process.env.CI, `${flavour} must be there under CI`);
        console.log(`SKIPPED: no ${flavour} server on this machine`);
        this.skip();
      }
      const directory = mkdtempSync(join(tmpdir(), 'sandbox-'));
      const sandbox = await Sandbox.create({ flavour, servers: 2, directory });
      try {
        const [primary, replica] = sandbox.servers;
        assert.ok(primary !== undefined && replica !== undefined);
        await primary.query('CREATE DATABASE app');
        await primary.query('CREATE TABLE app.t (id INT PRIMARY KEY)');
        await primary.query('INSERT INTO app.t VALUES (1)');
        await replica.restart();
        await primary.query('INSERT INTO app.t VALUES (2)');
        const end = Date.now() + 20_000;
        let count = 0;
        while (count !== 2 && Date.now() < end) {
          count = await replica.query('SELECT COUNT(*) AS n FROM app.t').then(
            (rows) => Number(rows[0]?.n),
            () => 0, // the schema may not have arrived yet
          );
          await delay(20);
        }
        assert.equal(count, 2);
      } finally {
        await sandbox.stop();
        rmSync(directory, { recursive: true, force: true });
      }
    });
  });
}
