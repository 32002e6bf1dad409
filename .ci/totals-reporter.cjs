/**
 * mocha's `spec` reporter, which also appends the run's totals as a line of JSON to the file named by VIVARIUM_TEST_TOTALS.
 * A run that is cut off leaves no line, which .ci/run takes for a failure.
 */
'use strict';
const { appendFileSync } = require('node:fs');
const { reporters, Runner } = require('mocha');

class TotalsReporter extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.once(Runner.constants.EVENT_RUN_END, () => {
      const { passes, failures } = this.stats;
      const file = process.env.VIVARIUM_TEST_TOTALS;
      if (file !== undefined) appendFileSync(file, `${JSON.stringify({ passed: passes, failed: failures })}\n`);
    });
  }
}

module.exports = TotalsReporter;
