// Mocha reporter for --dry-run: the full title of each test, one in a line.

const { reporters, Runner } = require('mocha');

module.exports = class Titles extends reporters.Base {
  constructor(runner, options) {
    super(runner, options);
    runner.on(Runner.constants.EVENT_TEST_PASS, (test) => console.log(test.fullTitle()));
  }

  epilogue() {}
};
