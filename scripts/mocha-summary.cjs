// Mocha reporter: the ordinary listing, then one last line `N passed, N failed`.
// No test at all is a failure; with CI=true so is a skipped one.

const { reporters } = require('mocha');

module.exports = class Summary extends reporters.Spec {
  done(failures, finish) {
    const { passes, pending } = this.stats;
    const skipped = process.env.CI === 'true' ? pending : 0;
    const failed = failures + skipped + (passes + failures === 0 ? 1 : 0);
    if (skipped > 0) console.log(`${skipped} skipped, which counts as failed here`);
    process.on('exit', () => console.log(`${passes} passed, ${failed} failed`));
    finish(failed);
  }
};
