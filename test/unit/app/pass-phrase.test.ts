import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { passPhraseFor } from '../../../internal/app/pass-phrase.ts';
import type { Config } from '../../../internal/config/keys.ts';
import { defaultConfig } from '../../../internal/config/load.ts';

const NEVER = new Promise<never>(() => {});

describe('the pass phrase of the key of the listener', () => {
  let directory = '';
  const file = (name: string) => join(directory, name);
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'pass-phrase-'));
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const form = { type: 'pkcs8', format: 'pem' } as const;
    writeFileSync(file('plain'), privateKey.export(form));
    writeFileSync(file('locked'), privateKey.export({ ...form, cipher: 'aes-256-cbc', passphrase: 'secret' }));
  });
  after(() => rmSync(directory, { recursive: true }));

  /** What is asked, in which order with what the terminal is told to show, and what comes of `typed`. */
  async function asked(typed: readonly string[], more: Partial<Config> = {}, env = {}, isTTY = true, stopped = NEVER) {
    const events: string[] = [];
    const input = Object.assign(new PassThrough(), {
      isTTY,
      setRawMode: (raw: boolean) => void events.push(raw ? 'hide' : 'show'),
    });
    for (const text of typed) input.write(text);
    const config = { ...defaultConfig(), UseSSL: true, SSLPrivateKeyFile: file('locked'), ...more };
    const terminal = { input, print: (text: string) => void events.push(text) };
    const answer = await passPhraseFor(config, env, stopped, () => terminal).catch((err: { code: string }) => err.code);
    return { answer, events: events.map((text) => text.replace(directory, '')) };
  }

  const QUESTION = ['hide', 'pass phrase of /locked: ', '\n', 'show'];
  for (const [title, typed, answer] of [
    ['a line', ['secret\r'], 'secret'],
    ['letter by letter, and put right', ['se', 'x', '\u007f', 'cret', '\n', 'more'], 'secret'],
    ['Ctrl-D', ['secret\u0004'], 'secret'],
    ['Ctrl-C', ['sec\u0003ret\r'], 'STOPPED'],
  ] as const)
    it(`is asked for on a terminal, which does not show it: ${title}`, async () => {
      const found = await asked(typed);
      assert.equal(found.answer, answer);
      assert.deepEqual(found.events, QUESTION);
    });

  for (const [how, leave] of [
    ['ends', (input: PassThrough) => void input.end()],
    ['is closed', (input: PassThrough) => void input.destroy()],
    ['fails', (input: PassThrough) => void input.destroy(new Error('EIO'))],
  ] as const)
    it(`is waited for no longer than there is a terminal, and names a way without one: it ${how}`, async () => {
      const lost = () => void input.emit('error', new Error('EIO'));
      const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (raw: boolean) => raw || lost() });
      const config = { ...defaultConfig(), UseSSL: true, SSLPrivateKeyFile: file('locked') };
      const answer = passPhraseFor(config, {}, NEVER, () => ({ input: input as never, print: () => {} }));
      input.write('sec');
      leave(input);
      await assert.rejects(answer, {
        code: 'CONFIG_INVALID',
        message: /terminal went away.*ORCHESTRATOR_SSL_PASSPHRASE/,
      });
    });

  it('is waited for until somebody wants the process to end', async () => {
    const { answer } = await asked(['sec'], {}, {}, true, Promise.resolve() as Promise<never>);
    assert.equal(answer, 'STOPPED');
  });

  for (const [title, more, env, isTTY, answer] of [
    ['from the environment', {}, { ORCHESTRATOR_SSL_PASSPHRASE: 'given' }, true, 'given'],
    ['of nobody, where there is no terminal', {}, {}, false, undefined],
    ['of nobody, where the key is plain', { SSLPrivateKeyFile: 'plain' }, {}, true, undefined],
    ['of nobody, where no TLS is spoken', { UseSSL: false }, {}, true, undefined],
    [
      'of nobody, where only other nodes speak TLS and want no certificate',
      { UseSSL: false, RaftEnabled: true, HTTPAdvertise: 'https://n1:3000' },
      ...[{}, true, undefined],
    ],
    [
      'of nobody, where the API is on a socket and the other nodes want no certificate',
      { ListenSocket: '/run/o.sock', RaftEnabled: true },
      ...[{}, true, undefined],
    ],
  ] as readonly (readonly [string, Partial<Config>, object, boolean, string | undefined])[])
    it(`is had ${title}`, async () => {
      const named = more.SSLPrivateKeyFile === undefined ? {} : { SSLPrivateKeyFile: file(more.SSLPrivateKeyFile) };
      assert.deepEqual(await asked(['typed\r'], { ...more, ...named }, env, isTTY), { answer, events: [] });
    });
});
