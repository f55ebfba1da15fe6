/** The bench of raw Ethernet runs for a moment: for its counts, never for its rates. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { projectRoot } from '../support/cli.js';

test('every frame of the bench arrives, whoever sends it', (context) => {
  const script = `import('./dist/bench/eth.js')
    .then(({ measureEthernet }) => measureEthernet({ frameBytes: 162, seconds: 0.05, rounds: 1 }))
    .then((measured) => console.log(JSON.stringify(measured)))`;
  const printed = execFileSync(process.execPath, ['-e', script], { cwd: projectRoot, encoding: 'utf8' });
  const measured = JSON.parse(printed);
  if ('reason' in measured) {
    console.log(`raw Ethernet is not measured here: ${measured.reason}`);
    context.skip();
  }
  for (const run of [measured.tickreel, measured.c, measured.plainC]) {
    if (run === null) continue;
    expect(run.sent).toBeGreaterThan(0);
    expect(run.arrived).toBe(run.sent);
  }
});
