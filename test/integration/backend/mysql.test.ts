import { Backend } from '../../../internal/backend/backend.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { backendFlavours, MysqlBackendServer } from '../../support/mysql-backend.ts';
import { backendConformance } from './conformance.ts';

const node = { hostname: 'here', token: 'token' };

for (const flavour of await backendFlavours()) {
  describe(`a ${flavour} server`, () => {
    let server: MysqlBackendServer;

    before(async () => {
      server = await MysqlBackendServer.start(flavour);
    });
    after(() => server.stop());

    backendConformance(flavour, async () => {
      const clock = new ManualClock();
      return {
        clock,
        open: () => Backend.openMysql(server.settings(), { node, clock, log: silentLog, flushMs: 200 }),
        sql: (text, ...values) => server.sql(text, values),
        dispose: () => server.empty(),
      };
    });
  });
}
