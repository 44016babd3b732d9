// Mocha reporter: the ordinary listing, and one line of JSON for each test at the end of the file NEMESIS_RESULTS, of which
// test/nemesis/matrix.ts makes a table.

const { appendFileSync } = require('node:fs');
const { reporters, Runner } = require('mocha');

const { EVENT_TEST_PASS, EVENT_TEST_FAIL, EVENT_TEST_PENDING } = Runner.constants;

module.exports = class Results extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    const note = (result) => (test, err) => {
      const strikes = test.ctx?.strikes ?? 0;
      if (test.ctx) test.ctx.strikes = 0;
      const line = {
        suite: test.parent?.fullTitle() ?? '',
        title: test.title,
        result,
        strikes,
        seconds: (test.duration ?? 0) / 1000,
        seed: Number(process.env.NEMESIS_SEED),
        ...(err === undefined ? {} : { reason: String(err.message) }),
      };
      appendFileSync(process.env.NEMESIS_RESULTS, `${JSON.stringify(line)}\n`);
    };
    runner.on(EVENT_TEST_PASS, note('passed'));
    runner.on(EVENT_TEST_FAIL, note('failed'));
    runner.on(EVENT_TEST_PENDING, note('skipped'));
  }
};
