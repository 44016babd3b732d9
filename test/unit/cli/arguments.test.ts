import assert from 'node:assert/strict';
import { Arguments, FlagError } from '../../../internal/cli/arguments.ts';
import { instancesOf } from '../../../internal/cli/selection.ts';

describe('command line arguments', () => {
  for (const argv of [
    ['-alias', 'main', 'word', '-debug'],
    ['--alias', 'main', 'word', '-debug'],
    ['-alias=main', 'word', '-debug'],
    ['-cluster=main', 'word', '-debug'],
    ['-a', 'main', '--', 'word', '-debug'],
  ]) {
    it(`reads ${argv.join(' ')}`, () => {
      const given = new Arguments(argv);
      assert.equal(given.text('alias'), 'main');
      assert.equal(given.on('debug'), false, 'flags end at the first word');
      assert.deepEqual(given.words, ['word', '-debug']);
    });
  }

  it('takes a value that looks like a flag, and an empty one', () => {
    const given = new Arguments(['-reason', '-1', '-pattern=', '-i', 'a=b']);
    assert.deepEqual([given.text('reason'), given.text('pattern'), given.text('i')], ['-1', '', 'a=b']);
    assert.equal(given.has('pattern'), true);
    assert.equal(given.text('promotion-rule'), 'prefer');
  });

  it('switches with = only', () => {
    const given = new Arguments(['-discovery=false', '-stack', '-noop=T', 'false']);
    assert.deepEqual(
      [given.on('discovery'), given.on('stack'), given.on('noop'), given.words],
      [false, true, true, ['false']],
    );
    assert.equal(new Arguments([]).on('discovery'), true);
  });

  it('goes on behind a word with what was given before it', () => {
    const given = new Arguments(['-i', 'db2'], new Arguments(['-debug', '-i', 'db1', 'topology']));
    assert.deepEqual([given.on('debug'), given.text('i')], [true, 'db2']);
  });

  for (const argv of [['-nope'], ['-constructor'], ['-i'], ['-debug=perhaps'], ['---i', 'x']]) {
    it(`does not understand ${argv.join(' ')}`, () => {
      assert.throws(() => new Arguments(argv), FlagError);
    });
  }

  it('separates instances by commas and blanks', () => {
    assert.deepEqual(instancesOf(' a:1, b\tc ,'), ['a:1', 'b', 'c']);
  });
});
