// Who leads among daemons that share a backend, as its rows say it, with the established product beside them.

import assert from 'node:assert/strict';
import { Backend } from '../../../internal/backend/backend.ts';
import { MysqlSeat } from '../../../internal/backend/mysql/mysql-seat.ts';
import type { MysqlBackendSettings } from '../../../internal/backend/mysql/settings.ts';
import { systemClock } from '../../../internal/runtime/clock.ts';
import { silentLog } from '../../../internal/runtime/log.ts';
import { until } from '../../support/daemon.ts';
import { ForgetfulRelay } from '../../support/forgetful-relay.ts';
import { backendFlavours, MysqlBackendServer } from '../../support/mysql-backend.ts';

function unlessDeadlock(err: { errno?: unknown }): void {
  if (err.errno !== 1213) throw err;
}

/** This machine was too busy for the limit of a second and a half. */
function unlessSilent(err: Error): void {
  if (!/does not answer/.test(err.message)) throw err;
}

for (const flavour of await backendFlavours()) {
  describe(`the seat of the leader on ${flavour}`, () => {
    let server: MysqlBackendServer;
    let seats: MysqlSeat[];

    before(async () => {
      server = await MysqlBackendServer.start(flavour);
      const node = { hostname: 'here', token: 'maker' };
      const options = { node, clock: systemClock, log: silentLog, flushMs: 50 };
      await (await Backend.openMysql(server.settings(), options)).close();
    });
    after(() => server.stop());
    beforeEach(() => {
      seats = [];
    });
    afterEach(async () => {
      for (const seat of seats) seat.close();
      await server.empty();
    });

    function seat(token: string, changes: Partial<MysqlBackendSettings> = {}): MysqlSeat {
      const made = new MysqlSeat(server.settings(changes), { hostname: 'here', token }, systemClock);
      seats.push(made);
      return made;
    }
    const row = async () => (await server.sql('SELECT hostname, token FROM active_node'))[0];
    /** So long ago was the leader heard of. */
    const aged = (seconds: number) =>
      server.sql(
        `UPDATE active_node a LEFT JOIN own_seat o ON o.anchor = a.anchor
            SET a.last_seen_active = NOW() - INTERVAL ? SECOND, o.held_at = NOW(3) - INTERVAL ? SECOND`,
        [seconds, seconds],
      );
    /** The established product takes the row, as it does. */
    const peer = (secondsAgo: number) =>
      server.sql(
        `REPLACE INTO active_node (anchor, hostname, token, first_seen_active, last_seen_active)
         VALUES (1, 'elsewhere', 'peer', NOW(), NOW() - INTERVAL ? SECOND)`,
        [secondsAgo],
      );

    it('goes to one of many that want it at once, and to nobody else while it is held', async () => {
      const many = Array.from({ length: 6 }, (_, at) => seat(`n${at}`));
      const epochs = await Promise.all(many.map((one) => one.contend()));
      assert.deepEqual(
        epochs.filter((epoch) => epoch !== undefined),
        [1],
      );
      const holder = many[epochs.indexOf(1)];
      assert.ok(holder);
      assert.deepEqual(
        await Promise.all(many.map((one) => one.hold(1))),
        epochs.map((epoch) => epoch === 1),
      );
      const late = seat('late');
      assert.equal(await late.contend(), undefined); // it is connected from here on
      await aged(3);
      assert.equal(await late.contend(), undefined, 'heard of three seconds ago');
      assert.equal(await holder.hold(1), true);
    });

    it('goes to another one when its holder was silent for five seconds, with the next epoch', async () => {
      const [first, second] = [seat('first'), seat('second')];
      assert.equal(await first.contend(), 1);
      await aged(6);
      assert.equal(await second.contend(), 2);
      assert.equal(await first.hold(1), false);
      assert.equal(await first.contend(), undefined);
      assert.deepEqual(await row(), { hostname: 'here', token: 'second' });
    });

    it('is grabbed from a living one, and left', async () => {
      const [first, second] = [seat('first'), seat('second')];
      await first.contend();
      assert.equal(await second.grab(), 2);
      assert.deepEqual([await first.hold(1), await second.hold(1), await second.hold(2)], [false, false, true]);
      await second.vacate();
      assert.deepEqual([await row(), await second.hold(2)], [undefined, false]);
      assert.equal(await first.contend(), 3, 'the epoch outlives the row');
    });

    it('is grabbed, held, wanted and left at any moment, whatever others do meanwhile', async () => {
      const [holder, thief, ...more] = ['holder', 'thief', 'third', 'fourth'].map((token) => seat(token));
      assert.ok(holder && thief);
      let epoch = 0;
      let ended = false;
      const keepAsking = async (ask: () => Promise<unknown>) => {
        while (!ended) await ask().catch(unlessSilent);
      };
      const asking = [
        keepAsking(() => holder.hold(epoch)),
        keepAsking(() => thief.hold(epoch)),
        keepAsking(() => peer(7).catch(unlessDeadlock)),
        ...more.map((one) => keepAsking(() => one.contend())),
        ...more.map((one) => keepAsking(() => one.vacate())),
      ];
      try {
        for (let turn = 1; turn <= 200; turn += 1) {
          let grabbed: unknown;
          while (grabbed === undefined)
            grabbed = await Promise.race([(turn % 2 === 0 ? holder : thief).grab().catch(unlessSilent), ...asking]);
          assert.ok(Number(grabbed) > epoch);
          epoch = Number(grabbed);
        }
      } finally {
        ended = true;
      }
      await Promise.all(asking);
    });

    it('is left to the established product while that is heard of, and taken when it is not', async () => {
      await peer(3);
      const ours = seat('ours');
      assert.equal(await ours.contend(), undefined);
      await peer(7);
      assert.equal(await ours.contend(), 1);
      await peer(0);
      assert.equal(await ours.hold(1), false, 'it took the row from us');
      await peer(7);
      assert.equal(await ours.contend(), 2);
    });

    it('is not kept from the others by a node that falls silent while it takes it', async () => {
      const relay = await ForgetfulRelay.before(server.server.key.port);
      try {
        relay.delaying = 'COMMIT';
        await assert.rejects(seat('silent', { port: relay.port }).contend(), /does not answer/);
        const other = seat('other');
        await until('another one has it', () => other.contend().catch(() => undefined));
        assert.equal(relay.delays, true, 'the server has not heard that it is gone');
        assert.deepEqual(await row(), { hostname: 'here', token: 'other' });
      } finally {
        await relay.close();
      }
    });

    it('is nobody’s for whoever cannot ask', async () => {
      await assert.rejects(seat('cut', { port: 1 }).contend(), /does not answer/);
    });
  });
}
