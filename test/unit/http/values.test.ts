import assert from 'node:assert/strict';
import { encodeJson } from '../../../internal/http/json.ts';
import { wireError } from '../../../internal/http/wire/values.ts';

describe('texts on the wire', () => {
  for (const [text, expected] of [
    ['', ''],
    ["can't connect", `"can't connect"`],
    ['say "no"\\', '"say \\"no\\"\\\\"'],
    ['a\nb\tc\u0007', '"a\\nb\\tc\\a"'],
    ['\u0001\u007f', '"\\x01\\x7f"'],
    ['größe', '"gr\\u00f6\\u00dfe"'],
    ['🐬', '"\\U0001f42c"'],
  ] as const)
    it(`an error ${JSON.stringify(text)} is ${expected}`, () => assert.equal(wireError(text), expected));

  it('escapes what could end a script, and nothing else', () => {
    assert.equal(encodeJson({ a: '<b> & ">>"' }), '{"a":"\\u003cb\\u003e \\u0026 \\"\\u003e\\u003e\\""}');
    assert.deepEqual(JSON.parse(encodeJson(['</script>\u2028'])), ['</script>\u2028']);
    assert.equal(encodeJson(undefined), 'null');
  });
});
