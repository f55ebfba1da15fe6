/**
 * Ends every test run with two plain lines: how many tests over real captures were skipped, and the totals.
 *
 * With TICKREEL_REQUIRE_CAPTURES=1 a skipped capture test fails the run.
 */
import type { Reporter, TestCase, TestModule } from 'vitest/node';

export default class CaptureReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const unread: TestCase[] = [];
    for (const module of modules) {
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state !== 'pending') counts[state]++;
        if (state === 'skipped' && test.fullName.includes('[captures]')) unread.push(test);
      }
    }
    const reason = unread.length > 0 ? ' (no folder of real captures; TICKREEL_CAPTURES names one)' : '';
    process.stdout.write(`capture tests skipped: ${unread.length}${reason}\n`);
    process.stdout.write(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
    if (unread.length > 0 && process.env.TICKREEL_REQUIRE_CAPTURES === '1') {
      process.stdout.write('TICKREEL_REQUIRE_CAPTURES=1: skipped capture tests fail the run\n');
      process.exitCode = 1;
    }
  }
}
