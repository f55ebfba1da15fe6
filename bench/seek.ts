/**
 * How long a seek takes, `npm run bench:seek -- CAPTURE [TIME …]`: the capture is opened paused, each time gone to, and
 * the answer awaited, on a thread of its own as the command does. Without times, some hours on and back.
 */
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openReplay } from 'tickreel';

/** One seek: where to, where that is, and how long it took. */
export interface SeekTime {
  time: string;
  timeNs: string | null;
  ms: number;
}

/** Goes to each time in turn. */
export async function measureSeeks(path: string, times: readonly string[]): Promise<SeekTime[]> {
  const player = await openReplay(path, { to: 'null', paused: true, say: (text) => process.stderr.write(`${text}\n`) });
  const measured: SeekTime[] = [];
  try {
    for (const time of times) {
      const startMs = performance.now();
      const { timeNs } = await player.seek(time);
      measured.push({ time, timeNs, ms: performance.now() - startMs });
    }
  } finally {
    await player.stop();
  }
  return measured;
}

const [path, ...times] = process.argv.slice(2);
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (path === undefined) throw new Error('usage: npm run bench:seek -- CAPTURE TIME …');
  const asked = times.length > 0 ? times : ['+1h', '+1h', 'start', '+30m', '-10m', '+2h', 'start'];
  process.stdout.write(`${path}, ${(statSync(path).size / 1e9).toFixed(2)} GB\n`);
  for (const { time, timeNs, ms } of await measureSeeks(path, asked)) {
    process.stdout.write(`${time.padEnd(12)}${ms.toFixed(1).padStart(10)} ms  at ${timeNs}\n`);
  }
}
