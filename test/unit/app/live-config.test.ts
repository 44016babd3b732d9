import assert from 'node:assert/strict';
import { LiveConfig } from '../../../internal/app/live-config.ts';
import { configInvalid } from '../../../internal/config/invalid.ts';
import type { Config } from '../../../internal/config/keys.ts';
import { defaultConfig } from '../../../internal/config/load.ts';
import { silentLog } from '../../../internal/runtime/log.ts';

function live(read: () => Partial<Config>) {
  const told: string[] = [];
  const config = defaultConfig();
  const subject = new LiveConfig({
    config,
    noop: false,
    load: () => ({ config: { ...config, ...read() }, warnings: [], files: [] }),
    onReloaded: (message) => told.push(message),
    log: { ...silentLog, warn: (fields, text) => told.push(`${text} ${JSON.stringify(fields)}`) },
  });
  return { subject, told };
}

describe('a reload', () => {
  it('brings new values into force, in both forms', () => {
    const { subject, told } = live(() => ({ ProbeIntervalMilliseconds: 250, ReadOnly: true }));
    const { settings } = subject;
    assert.deepEqual(subject.reload().changed, ['ReadOnly', 'ProbeIntervalMilliseconds']);
    assert.equal(subject.config.ReadOnly, true);
    assert.equal(subject.settings.observer.intervalMs, 250);
    assert.notEqual(subject.settings, settings);
    assert.deepEqual(told, ['changed: ReadOnly, ProbeIntervalMilliseconds; after a restart: none']);
  });

  it('keeps what was bound at the start, and says so in one line at each reload', () => {
    const { subject, told } = live(() => ({ ListenAddress: ':1', SQLite3DataFile: 'other' }));
    subject.reload();
    assert.deepEqual(subject.reload().waiting, ['SQLite3DataFile', 'ListenAddress']);
    assert.equal(subject.config.ListenAddress, ':3000');
    const line = 'configuration: restart to bring these keys into force {"keys":["SQLite3DataFile","ListenAddress"]}';
    assert.deepEqual(
      told.filter((text) => text.startsWith('configuration')),
      [line, line],
    );
  });

  for (const [title, read, message] of [
    [
      'a file that does not parse',
      () => {
        throw configInvalid('x.json:1:1: not valid JSON here');
      },
      /x\.json:1:1/,
    ],
    ['a certificate that cannot be read', () => ({ MySQLTopologySSLCAFile: '/none' }), /MySQLTopologySSLCAFile/],
  ] as const) {
    it(`refuses ${title} and keeps every value`, () => {
      const { subject, told } = live(read);
      const before = { config: subject.config, settings: subject.settings };
      assert.throws(() => subject.reload(), message);
      assert.deepEqual({ config: subject.config, settings: subject.settings }, before);
      assert.deepEqual(told, []);
    });
  }
});
