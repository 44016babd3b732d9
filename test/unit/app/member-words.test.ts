import assert from 'node:assert/strict';
import { type MemberWord, MemberWords } from '../../../internal/app/group/member-words.ts';
import { FakeClock } from '../../support/fake-clock.ts';

const URL = 'http://10.0.0.2:3000';

describe('what members tell each other', () => {
  const clock = new FakeClock();
  let sent: string[] = [];
  let others: readonly string[] = ['b', 'c'];
  let own: MemberWord = { url: 'http://10.0.0.1:3000', draining: false, backend: true };
  const words = new MemberWords({
    own: () => own,
    others: () => others,
    send: (to, payload) => sent.push(`${to} ${Buffer.from(payload).toString()}`),
    clock,
    everyMs: 500,
  });
  beforeEach(() => {
    sent = [];
    others = ['b', 'c'];
  });
  const hear = (from: string, word: unknown) => words.hear(from, Buffer.from(JSON.stringify(word)));

  it('goes to everybody at the start, again and again, and when it matters', async () => {
    words.start();
    assert.deepEqual(
      sent.map((line) => line.slice(0, 1)),
      ['b', 'c'],
    );
    assert.equal(sent[0], 'b {"url":"http://10.0.0.1:3000","draining":false,"backend":true}');
    await clock.advance(1_000);
    assert.equal(sent.length, 6);
    own = { ...own, draining: true };
    words.tell();
    assert.match(sent.at(-1) ?? '', /"draining":true/);
    words.stop();
    await clock.advance(1_000);
    assert.equal(sent.length, 8);
  });

  it('is known of members until they are none', () => {
    hear('b', { url: URL, draining: false, backend: false, more: 'of a later release' });
    assert.deepEqual(words.of('b'), { url: URL, draining: false, backend: false });
    hear('x', { url: URL });
    assert.equal(words.of('x'), undefined);
    others = ['c'];
    words.tell();
    assert.equal(words.of('b'), undefined);
  });

  for (const [title, word] of [
    ['no JSON', 'x'],
    ['no object', 7],
    ['no address', {}],
    ['another scheme', { url: 'file:///etc/passwd' }],
    ['a path', { url: `${URL}/x` }],
    ['a login', { url: 'http://a:b@10.0.0.2:3000' }],
    ['a line break', { url: `${URL}\r\nX: y` }],
    ['too much of it', { url: URL, more: 'x'.repeat(2_000) }],
  ] as const)
    it(`makes no sense with ${title}, and is left alone`, () => {
      if (title === 'no JSON') words.hear('c', Buffer.from(word));
      else hear('c', word);
      assert.equal(words.of('c'), undefined);
    });
});
