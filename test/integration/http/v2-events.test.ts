import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { EventForm } from '../../../internal/http/v2/events/event.ts';
import { EventRing } from '../../../internal/http/v2/events/ring.ts';
import { EventStreams } from '../../../internal/http/v2/events/streams.ts';
import { until } from '../../support/daemon.ts';
import { FakeGroup } from '../../support/fake-group.ts';
import { SETTINGS, TestHttp } from '../../support/http.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { EventListener } from '../../support/sse.ts';
import { V2Client } from '../../support/v2.ts';

const EVENTS = '/api/v2/events';
const key = { hostname: 'db1.example', port: 3306 };

describe('the stream of events', () => {
  let http: TestHttp;
  const listeners: EventListener[] = [];
  const listen = async (query = '', lastEventId = '', at = http) => {
    const listener = await EventListener.open(`${at.url}${EVENTS}${query}`, lastEventId);
    listeners.push(listener);
    return listener;
  };
  /** So often that whoever fell behind hears of it; the ring of the fake house keeps eight. */
  const happen = (times: number) => {
    for (let n = 1; n <= times; n += 1)
      http.house.events.tell({ type: 'analysis', key, code: 'DeadMaster', before: undefined });
  };
  beforeEach(async () => {
    http = await TestHttp.start();
  });
  afterEach(async () => {
    for (const listener of listeners.splice(0)) listener.close();
    await http.stop();
  });

  it('begins with its id, goes on with what happens, and is neither kept nor compressed on the way', async () => {
    happen(2);
    const listener = await listen();
    const { headers, statusCode } = listener.response;
    assert.deepEqual(
      [statusCode, headers['content-type'], headers['cache-control'], headers['content-encoding']],
      [200, 'text/event-stream; charset=utf-8', 'no-store', undefined],
    );
    const open = await listener.hears('the first', ({ event }) => event === 'open');
    assert.deepEqual([open.id, open.data.resumed], ['fake.2', false]);
    happen(1);
    const { id, data } = await listener.hears('what happened', ({ event }) => event === 'analysis');
    assert.deepEqual([id, data.server, data.code], ['fake.3', 'db1.example:3306', 'deadPrimary']);
    for (const one of listener.heard) EventForm.parse(one.data);
  });

  it('goes on where it broke off', async () => {
    const first = await listen();
    happen(2);
    await until('two are heard', async () => first.lastId === 'fake.2');
    first.close();
    happen(3);
    for (const second of [await listen('', first.lastId), await listen('?lastEventId=fake.2')]) {
      await until('the rest is heard', async () => second.lastId === 'fake.5');
      assert.deepEqual(
        second.heard.map(({ id }) => id),
        ['fake.2', 'fake.3', 'fake.4', 'fake.5'],
      );
      assert.deepEqual(second.heard[0]?.data.resumed, true);
    }
  });

  const LOST: readonly (readonly [id: string, reason: string])[] = [
    ['fake.1', 'overrun'],
    ['another.3', 'restarted'],
    ['fake.99', 'unknownId'],
    ['nonsense', 'unknownId'],
    ['fake.1e3', 'unknownId'],
  ];
  for (const [lastEventId, reason] of LOST)
    it(`says that the state is to be read anew to whoever comes with ${lastEventId}: ${reason}`, async () => {
      happen(12);
      const listener = await listen('', lastEventId);
      await listener.hears(
        'a reset',
        ({ event, data, id }) => event === 'reset' && data.reason === reason && id === 'fake.12',
      );
      happen(1);
      await listener.hears('what comes after', ({ id }) => id === 'fake.13');
      assert.equal(listener.heard.length, 2);
    });

  it('tells only what was asked for, with the ids of all', async () => {
    const listener = await listen('?types=globalRecoveries,reset');
    happen(2);
    http.house.events.tell({ type: 'globalRecoveries', enabled: false });
    await listener.hears('the switch', ({ id, event }) => id === 'fake.3' && event === 'globalRecoveries');
    assert.equal(listener.heard.length, 2);
    const client = await V2Client.of((...request) => http.get(...request));
    assert.equal((await client.problem('/events?types=everything')).code, 'BAD_REQUEST');
    assert.equal((await http.get(EVENTS, {}, 'HEAD')).text, '');
  });

  it('asks for the login that reads ask for', async () => {
    const basic = { ...SETTINGS.authentication, method: 'basic', user: 'u', password: 'p' };
    const guarded = await TestHttp.start({ authentication: basic });
    try {
      assert.equal((await listen('', '', guarded)).response.statusCode, 401);
    } finally {
      await guarded.stop();
    }
  });

  it('is each node’s own in a group, whoever leads', async () => {
    http.house.group = new FakeGroup(2).follow('http://127.0.0.1:1');
    const listener = await listen();
    await listener.hears('the first', ({ event }) => event === 'open');
  });

  it('ends when the node is stopped, at once', async () => {
    const listener = await listen();
    await listener.hears('the first', ({ event }) => event === 'open');
    await http.stop(5_000);
    await until('it ended', async () => listener.ended);
  });

  it('is cut off where nobody takes it, while others hear everything', async () => {
    const slow = await listen();
    slow.response.pause();
    const quick = await listen();
    const long = 'x'.repeat(50_000);
    const tell = () => {
      const step = { phase: 'began', uid: 'u', number: 0, step: long, error: undefined } as const;
      http.house.events.tell({ type: 'recoveryStep', ...step });
    };
    await until('the slow one is cut off', async () => {
      tell();
      await until('the quick one has it', async () => quick.lastId === `fake.${http.house.events.last}`);
      return http.house.events.listeners === 1;
    });
    assert.equal(quick.ended, false);
    const numbers = quick.heard
      .filter(({ event }) => event === 'recoveryStep')
      .map(({ id }) => Number(id.split('.')[1]));
    assert.deepEqual(
      numbers,
      numbers.map((_, n) => n + 1),
    );
  });
});

const nothing = () => undefined;
/** What a stream is written to. */
const aResponse = (more: object) => ({
  ...{ writableLength: 0, writeHead: nothing, write: nothing, end: nothing, destroy: nothing },
  ...{ on: nothing, once: nothing, off: nothing, ...more },
});

/** A stream asks no more of it than that; that class has too many overloads for a double to follow their types. */
const asResponse = (double: object) => double as ServerResponse;

describe('streams of events', () => {
  it('are opened up to a number', () => {
    const streams = new EventStreams({ source: new EventRing('e', 8, () => 0), clock: new ManualClock(), node: 'n' });
    const opened = Array.from({ length: 200 }, () => {
      const ends: (() => void)[] = [];
      streams.admit();
      const once = (_: string, end: () => void) => ends.push(end);
      streams.serve(asResponse(aResponse({ once })), { lastEventId: '', types: undefined });
      return () => {
        for (const end of ends) end();
      };
    });
    assert.throws(() => streams.admit(), { name: 'Refused' });
    opened[7]?.();
    streams.admit();
  });

  it('keep connections alive, and give up those that have taken nothing for a minute', async () => {
    const clock = new ManualClock();
    const streams = new EventStreams({ source: new EventRing('e', 8, () => 0), clock, node: 'n' });
    const written: string[] = [];
    let destroyed = false;
    const response = aResponse({
      write: (text: string) => written.push(text),
      destroy: () => {
        destroyed = true;
      },
    });
    streams.serve(asResponse(response), { lastEventId: '', types: undefined });
    await clock.advance(15_000);
    assert.equal(written.at(-1), ': heartbeat\nid: e.0\n\n');
    response.writableLength = 1;
    await clock.advance(45_000);
    assert.equal(destroyed, false);
    await clock.advance(15_000);
    assert.equal(destroyed, true);
  });

  it('tell whoever leaves out what happens how far it has come', async () => {
    const clock = new ManualClock();
    const ring = new EventRing('e', 8, () => 0);
    const streams = new EventStreams({ source: ring, clock, node: 'n' });
    const written: string[] = [];
    const response = aResponse({ write: (text: string) => written.push(text) });
    streams.serve(asResponse(response), { lastEventId: '', types: new Set(['recovery']) });
    ring.tell({ type: 'globalRecoveries', enabled: true });
    await clock.advance(15_000);
    assert.deepEqual(written.slice(1), [': heartbeat\nid: e.1\n\n']);
  });

  it('say nothing behind their end, whatever happens until the connection is closed', async () => {
    const clock = new ManualClock();
    const ring = new EventRing('e', 8, () => 0);
    const streams = new EventStreams({ source: ring, clock, node: 'n' });
    const written: string[] = [];
    const response = aResponse({ write: (text: string) => written.push(text), end: () => written.push('the end') });
    streams.serve(asResponse(response), { lastEventId: '', types: undefined });
    streams.close();
    ring.tell({ type: 'globalRecoveries', enabled: true });
    await clock.advance(60_000);
    assert.equal(written.at(-1), 'the end');
  });
});
