import assert from 'node:assert/strict';
import { pino } from 'pino';
import { onTerminal, wantsColours } from '../../../internal/app/daemon-log.ts';
import { OrchestratorError } from '../../../internal/runtime/errors.ts';

describe('the log of a daemon on a terminal', () => {
  function printed(stacks: boolean): string {
    let text = '';
    const write = onTerminal(
      (line) => {
        text += line;
      },
      { colours: false, stacks },
    );
    const log = pino({ level: 'debug', timestamp: pino.stdTimeFunctions.isoTime }, { write });
    const cause = new Error('no route');
    const err = new OrchestratorError('CONNECT_FAILED', 'cannot connect', { cause });
    log.child({ component: 'mysql' }).error({ err, instance: 'db1:3306' }, 'probe failed');
    log.debug({}, 'quiet');
    return text;
  }

  it('is one line for each record, without the process and the host', () => {
    const [first, second, ...rest] = printed(false).split('\n');
    assert.match(
      first ?? '',
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ERROR probe failed: cannot connect: no route component=mysql instance=db1:3306$/,
    );
    assert.match(second ?? '', / DEBUG quiet$/);
    assert.deepEqual(rest, ['']);
  });

  it('shows stacks where they are wanted', () => {
    assert.match(printed(true), /ERROR probe failed.*\n.*Error: cannot connect[^\n]*\n\s+at /);
  });

  const environments: readonly [Record<string, string>, boolean][] = [
    [{}, true],
    [{ NO_COLOR: '' }, true],
    [{ NO_COLOR: '0' }, false],
    [{ TERM: 'dumb' }, false],
  ];
  for (const [env, colours] of environments)
    it(`${colours ? 'wants' : 'spares'} colours with ${JSON.stringify(env)}`, () =>
      assert.equal(wantsColours(env), colours));
});
