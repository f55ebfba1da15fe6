/** A generated session in a temporary file, for a command that needs packets and was given none. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Generation } from './generate.js';

/** The session's own pace: so long on average from one message to the next, in a day's bursts. */
const nsPerMessage = 200_000;
/** The shortest day that is made. */
const leastNs = 1e9;

/** Makes a session of ITCH in a pcap, lends its path to `use`, and takes it away again. */
export async function withGeneratedCapture<T>(
  messages: number,
  seed: number | string,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'tickreel-'));
  try {
    const path = join(folder, 'generated.pcap');
    const session = { messages, seed, durationNs: Math.max(leastNs, messages * nsPerMessage) };
    await new Generation({ session, output: { path, format: 'pcap' } }).run();
    return await use(path);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
