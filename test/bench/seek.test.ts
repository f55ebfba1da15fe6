/** The bench of seeks runs on a fixture: for where it arrives, never for its times. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { fixture, projectRoot } from '../support/cli.js';

test('every seek of the bench arrives', () => {
  const script = `import('./dist/bench/seek.js')
    .then(({ measureSeeks }) => measureSeeks(process.argv[1], ['+1ms', 'start']))
    .then((seeks) => console.log(JSON.stringify(seeks)))`;
  const path = fixture('itch50-session.pcap');
  const text = execFileSync(process.execPath, ['-e', script, path], { cwd: projectRoot, encoding: 'utf8' });
  const [first, second] = JSON.parse(text) as { time: string; timeNs: string; ms: number }[];
  expect(BigInt(first?.timeNs ?? 0) - BigInt(second?.timeNs ?? 0)).toBeGreaterThanOrEqual(1_000_000n);
  expect(first?.ms).toBeGreaterThan(0);
});
