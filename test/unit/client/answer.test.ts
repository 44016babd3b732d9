import assert from 'node:assert/strict';
import { oneLine, Part } from '../../../internal/client/answer.ts';
import { apiOf, shownApi } from '../../../internal/client/transport.ts';

describe('answers of the API', () => {
  for (const [json, line] of [
    ['{"Code":"OK","Details":null}', '{ "Code": "OK", "Details": null }'],
    ['{"a":{},"b":[],"c":[ {} , [] ]}', '{ "a": {}, "b": [], "c": [ {}, [] ] }'],
    ['[1795283400123456789,-1.50,true]', '[ 1795283400123456789, -1.50, true ]'],
    ['["\\u003e {  } \\"x, y\\"  \\n"]', '["> {  } \\"x, y\\"  \\n"]'.replace('[', '[ ').replace(/\]$/, ' ]')],
    ['"OK"', '"OK"'],
  ] as const)
    it(`are put on one line: ${json}`, () => assert.equal(oneLine(json), line));

  it('say where they are of another form', () => {
    const part = new Part({ Keys: [{ Key: { Hostname: 'db1', Port: '3306' } }] }, '$');
    const [first] = part.field('Keys').list();
    assert.throws(
      () => first?.field('Key').key(),
      /"Port":"3306"}.* where a server is expected \(\$\.Keys\[0\]\.Key\)/,
    );
    assert.throws(() => part.list(), /where a list is expected \(\$\)/);
    assert.throws(() => part.field('Keys').field('x'), /where an object is expected/);
    assert.throws(() => part.field('None').text(), /has nothing where a text is expected \(\$\.None\)/);
  });

  for (const [given, api] of [
    ['http://a:3000', 'http://a:3000/api'],
    ['http://a:3000/', 'http://a:3000/api'],
    ['http://a:3000/api/', 'http://a:3000/api'],
    ['https://a/prefix', 'https://a/prefix/api'],
  ] as const)
    it(`come from ${api} where ${given} is given`, () => assert.equal(apiOf(given), api));

  it('show no password of an address', () => {
    for (const [api, shown] of [
      ['http://me:secret@a:3000/api', 'http://a:3000/api'],
      ['https://me:sec/r@et@a/api', 'https://a/api'],
      ['me:secret@a:3000/api', 'a:3000/api'],
      ['unix:/run/a.sock/api', 'unix:/run/a.sock/api'],
    ] as const)
      assert.equal(shownApi(api), shown);
  });
});
