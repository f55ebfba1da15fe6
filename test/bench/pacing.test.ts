/** The bench of pacing runs on few packets: for its counts, never for its times. */
import { execFileSync } from 'node:child_process';
import { cpus } from 'node:os';
import { expect, test } from 'vitest';
import type { PacingRow } from '../../bench/pacing.js';
import { fixture, projectRoot } from '../support/cli.js';

const script = `
  const said = [];
  const options = { seconds: 0.01, rounds: 1, capture: '${fixture('itch50-session.pcap')}' };
  import('./dist/bench/pacing.js')
    .then(({ measurePacing }) => measurePacing({ ...options, say: (text) => said.push(text) }))
    .then((rows) => console.log(JSON.stringify({ said, rows })));`;

test('every case sends and receives what it is asked to, once a round', () => {
  const args = ['-e', script];
  const { said, rows } = JSON.parse(execFileSync(process.execPath, args, { cwd: projectRoot, encoding: 'utf8' })) as {
    said: string[];
    rows: PacingRow[];
  };
  const own = rows.filter(({ name }) => name.startsWith('tickreel'));
  expect(own.map(({ load, name, packets, lost }) => [load, name, packets, lost])).toEqual(
    ['even', 'bursts'].flatMap((load) =>
      ['spin', 'hybrid', 'sleep'].map((pacing) => [load, `tickreel ${pacing}`, load === 'even' ? 1000 : 8610, 0]),
    ),
  );
  const inC = rows.filter(({ name }) => name.startsWith('C spin'));
  if (!said.some((text) => text.startsWith('a spin loop in C'))) expect(inC).toHaveLength(cpus().length > 1 ? 4 : 2);
  for (const { sent, received, packets, lost } of inC) {
    expect([packets === 1000 || packets === 8610, lost]).toEqual([true, 0]);
    // No datagram leaves before its time, or arrives before it was sent; the clocks agree within 20 us.
    expect(sent?.p50).toBeGreaterThanOrEqual(0);
    expect(received.p50).toBeGreaterThanOrEqual((sent?.p50 ?? 0) * 0.998 - 20_000);
  }
  for (const name of ['tcpreplay', 'udpreplay']) {
    const isMeasured = rows.some((row) => row.name === name);
    expect(isMeasured).toBe(!said.includes(`${name} is not measured: it is not installed`));
  }
});
