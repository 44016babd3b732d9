import assert from 'node:assert/strict';
import {
  type AuthenticationSettings,
  authenticate,
  authenticationWarning,
  checkAuthentication,
} from '../../../internal/http/authentication.ts';

const SETTINGS: AuthenticationSettings = {
  method: '',
  user: 'boss',
  password: 'p:w',
  userHeader: 'x-user',
  powerUsers: ['alice', 'jörg'],
  powerGroups: ['dba'],
};
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const groupsOf = async (user: string) => (user === 'carol' ? ['staff', 'dba'] : ['staff']);

const isToken = async (publicToken: string, secret: string) => publicToken === 'p' && secret === 's';
const LOOKUPS = { groupsOf, isToken };

/** `undefined`: a login is asked for. Otherwise the caller's name and whether it may act. */
type Case = readonly [
  method: string,
  headers: Readonly<Record<string, string>>,
  caller: readonly [string, boolean] | undefined,
];

const CASES: readonly Case[] = [
  ['', {}, ['', true]],
  ['no-such-method', {}, ['', true]],
  ['basic', {}, undefined],
  ['basic', { authorization: 'Basic' }, undefined],
  ['basic', { authorization: 'Bearer abc' }, undefined],
  ['basic', { authorization: 'Basic ***' }, undefined],
  ['basic', { authorization: basic('boss') }, undefined],
  ['basic', { authorization: basic('boss:') }, undefined],
  ['basic', { authorization: basic('boss:p') }, undefined],
  ['basic', { authorization: basic(':p:w') }, undefined],
  ['basic', { authorization: basic('Boss:p:w') }, undefined],
  ['basic', { authorization: basic('readonly:x') }, undefined],
  ['BASIC', { authorization: basic('boss:p:w') }, ['boss', true]],
  ['basic', { authorization: basic('boss:p:w').replace('Basic', 'basic') }, ['boss', true]],
  ['multi', {}, undefined],
  ['multi', { authorization: basic('boss:wrong') }, undefined],
  ['multi', { authorization: basic('boss:p:w') }, ['boss', true]],
  ['multi', { authorization: basic('readonly:anything') }, ['readonly', false]],
  ['proxy', {}, ['', false]],
  ['proxy', { 'x-user': 'alice' }, ['alice', true]],
  ['proxy', { 'x-user': 'alice, mallory' }, ['alice', true]],
  ['proxy', { 'x-user': 'bob' }, ['bob', false]],
  ['proxy', { 'x-user': 'carol' }, ['carol', true]],
  ['proxy', { 'x-user': Buffer.from('jörg').toString('latin1') }, ['jörg', true]],
  ['proxy', { 'x-user': 'jörg' }, ['jörg', true]],
  ['token', {}, ['', false]],
  ['token', { cookie: 'access-token=nocolon' }, ['', false]],
  ['token', { cookie: 'access-token=p:s' }, ['', true]],
  ['Token', { cookie: 'theme=dark; access-token=p:s; x=y' }, ['', true]],
  ['token', { cookie: 'access-token=p:other' }, ['', false]],
  ['token', { cookie: 'access-token=p:s:s' }, ['', false]],
  ['token', { cookie: 'access-token=:' }, ['', false]],
  ['token', { cookie: 'no-access-token=p:s' }, ['', false]],
  ['oauth', {}, ['', false]],
];

describe('authentication', () => {
  for (const [method, headers, caller] of CASES) {
    it(`${method || 'none'} with ${JSON.stringify(headers)}: ${caller ? caller.join(', may act: ') : 'login'}`, async () => {
      const found = await authenticate({ ...SETTINGS, method }, (name) => headers[name.toLowerCase()] ?? '', LOOKUPS);
      assert.deepEqual(found && [found.name, found.mayAct], caller);
    });
  }

  it('lets everybody act behind a proxy where the star says so', async () => {
    const open = { ...SETTINGS, method: 'proxy', powerUsers: ['*'] };
    assert.deepEqual(await authenticate(open, () => '', LOOKUPS), { name: '', mayAct: true });
  });

  it('lets nobody in when a reload took the user away', async () => {
    const gone = { ...SETTINGS, method: 'basic', user: '', password: '' };
    assert.equal(await authenticate(gone, () => basic(':'), LOOKUPS), undefined);
  });

  it('refuses a login without a user, and warns of methods that do not protect or let nobody act', () => {
    for (const method of ['basic', 'Multi'])
      assert.throws(() => checkAuthentication({ ...SETTINGS, method, user: '' }), /needs HTTPAuthUser/);
    checkAuthentication({ ...SETTINGS, method: 'proxy', user: '' });
    assert.match(authenticationWarning({ ...SETTINGS, method: 'bsaic' }) ?? '', /everybody may act/);
    assert.match(authenticationWarning({ ...SETTINGS, method: 'oauth' }) ?? '', /nobody may act/);
    assert.equal(authenticationWarning({ ...SETTINGS, method: 'token' }), undefined);
    assert.equal(authenticationWarning({ ...SETTINGS, method: 'multi' }), undefined);
  });
});
