import assert from 'node:assert/strict';
import { join } from 'node:path';
import { GroupParts } from '../../../internal/app/group/group-parts.ts';
import { Backend } from '../../../internal/backend/backend.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { inDirectory } from '../../support/raft-store.ts';

describe('the backend of a node of a group', () => {
  it('that was copied from another node is refused, unless it is adopted; then it is known again', () =>
    inDirectory(async (directory) => {
      const clock = new ManualClock();
      const options = {
        node: { hostname: 'here', token: 't' },
        clock,
        log: silentLog,
        flushMs: 200,
      };
      const backend = Backend.openSqlite(join(directory, 'backend.sqlite3'), options);
      const parts = new GroupParts(
        backend,
        { directory: join(directory, 'raft'), node: 'here', electionTimeoutMs: 1_000 },
        { clock, log: silentLog, onDecided: () => undefined },
      );
      assert.equal(await parts.applied('n1', false), 0, 'a new one is nobody else’s');
      backend.agreed.belongsTo('c1', 'n1');
      await backend.agreed.write({ index: 7, term: 1, stampMs: 0, node: 'n1' }, []);
      await parts.applied('n1', false);
      await assert.rejects(parts.applied('n2', false), {
        code: 'CONFLICT',
        message: /the backend is that of node n1, and this is n2: .* -adopt-backend$/,
      });
      await parts.applied('n2', true);
      await parts.applied('n2', false);
      await assert.rejects(parts.applied('n1', false), { code: 'CONFLICT' });
      await backend.close();
    }));
});
