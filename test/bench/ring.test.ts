/** The ring's bench runs on few packets: for its counts, never for its times. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { projectRoot } from '../support/cli.js';

test('every record of the bench is polled once and its hop recorded', () => {
  const script = `import('./dist/bench/ring.js')
    .then(({ measureRingHop }) => measureRingHop(200_000, 5000))
    .then((hop) => console.log(JSON.stringify(hop)))`;
  const hop = JSON.parse(execFileSync(process.execPath, ['-e', script], { cwd: projectRoot, encoding: 'utf8' }));
  // As many again went before, to warm up; all are numbered from 0.
  expect(hop).toMatchObject({ perSecond: 200_000, packets: 5000, checksum: (10_000 * 9999) / 2 });
  expect(hop.p50).toBeGreaterThan(0);
  expect(hop.max).toBeGreaterThanOrEqual(hop.p99);
  if (process.platform === 'linux') expect(hop.readerWaited).toBeGreaterThanOrEqual(0);
});
