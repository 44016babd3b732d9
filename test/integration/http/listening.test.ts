import assert from 'node:assert/strict';
import { Server } from 'node:net';
import { TestHttp } from '../../support/http.ts';

/** The listener of a server of the API that is started meanwhile. */
async function listenerOf<T>(start: () => Promise<T>): Promise<readonly [T, Server]> {
  const listening = Server.prototype as { listen: (this: Server, ...how: never[]) => Server };
  const { listen } = listening;
  let listener: Server | undefined;
  listening.listen = function (...how) {
    listener = this;
    return listen.apply(this, how);
  };
  try {
    const started = await start();
    assert.ok(listener !== undefined);
    return [started, listener];
  } finally {
    listening.listen = listen;
  }
}

describe('the listener', () => {
  it('goes on where connections cannot be taken, however often', async () => {
    const [http, listener] = await listenerOf(() => TestHttp.start());
    try {
      for (const code of ['ENFILE', 'ENOMEM'])
        listener.emit('error', Object.assign(new Error(`accept ${code}`), { code }));
      assert.equal((await http.get('/api/lb-check')).status, 200);
    } finally {
      await http.stop();
    }
  });

  it('says where something else listens already', async () => {
    const http = await TestHttp.start();
    try {
      await assert.rejects(TestHttp.start({}, Number(new URL(http.url).port)), {
        code: 'CONFIG_INVALID',
        message: /^cannot listen on 127\.0\.0\.1:\d+: listen EADDRINUSE/,
      });
    } finally {
      await http.stop();
    }
  });
});
