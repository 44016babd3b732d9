import assert from 'node:assert/strict';
import { parseCredentials } from '../../../internal/config/credentials-file.ts';

describe('a credentials file', () => {
  for (const [title, text, user, password] of [
    ['in any case, with comments', '\uFEFF[Client] ; c\nUSER = a # who\nPassWord=b;c\n', 'a', 'b'],
    ['quoted', '[client]\nuser = "a # b" ; c\npassword = " x "\n', 'a # b', ' x '],
    ['escaped', '[client]\nuser = a\\\\b\npassword = "\\"\\t\\n"\n', 'a\\b', '"\t\n'],
    ['over two lines', '[client]\nuser = a\\\nb\n', 'ab', ''],
    [
      'among other sections',
      '[mysql]\nuser=x\nno-auto-rehash\n[client]\nhost=h\nuser=a\n[mysqld]\npassword=y\n',
      'a',
      '',
    ],
    ['twice: the last one counts', '[client]\nuser=a\n[client]\nuser=b\n', 'b', ''],
    ['with Windows line ends', '[client]\r\nuser = a\r\npassword = b\r\n', 'a', 'b'],
    ['empty', '', '', ''],
  ] as const) {
    it(`is read ${title}`, () => assert.deepEqual(parseCredentials('f', text), { user, password }));
  }

  for (const [title, line] of [
    ['an open quote', 'password = "s3cret'],
    ['an unknown escape', 'password = s3\\cret'],
  ] as const) {
    it(`is refused with ${title}, without telling the secret`, () => {
      const message = 'f:2: password: a quote is not closed or an escape is unknown: use \\\\ \\" \\n \\t';
      assert.throws(() => parseCredentials('f', `[client]\n${line}\n`), { code: 'CONFIG_INVALID', message });
    });
  }
});
