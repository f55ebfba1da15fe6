/** The bundled fixtures are what the generators make, and every message in them survives decode → encode. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { buildFixtures } from '../bench/fixtures.js';
import { MessageFeed } from '../src/analysis/message-feed.js';
import { CaptureReader } from '../src/capture/capture-reader.js';
import { itch50 } from '../src/protocol/itch50/index.js';
import { mdp3 } from '../src/protocol/mdp3/index.js';
import { fixture, projectRoot, run, temporaryFolder } from './support/cli.js';

const all = readdirSync(join(projectRoot, 'fixtures'));
const names = all.filter((name) => name.startsWith('itch50'));
const mdp3Session = 'mdp3-session.pcap';
/** What makes it, behind `tickreel generate -o FILE`. */
const mdp3Flags =
  '--protocol mdp3 --messages 2200 --symbols 12 --from 08:30 --duration 2s --b-line --latency 20us-60us';
const folder = temporaryFolder();
describe('fixtures', () => {
  it('areTheGeneratorsOwn', () => {
    const built = buildFixtures();
    expect(names.sort()).toEqual([...built.keys()].sort());
    for (const [name, bytes] of built) {
      const content = (data: Uint8Array) => Buffer.from(name.endsWith('.gz') ? gunzipSync(data) : data);
      expect(content(readFileSync(fixture(name))).equals(content(bytes)), name).toBe(true);
    }
  });

  it.each(names)('%s: decode → encode is the identity', async (name) => {
    let messages = 0;
    const feed = await MessageFeed.open(fixture(name), {
      onMessage(view, offset, length, _timestampNs, _sequence, _stream, verdict) {
        expect(verdict).toBe('known');
        const values = itch50.toObject(view, offset, length);
        const encoded = itch50.encode(values as NonNullable<typeof values>);
        messages += Buffer.from(encoded).equals(new Uint8Array(view.buffer, view.byteOffset + offset, length)) ? 1 : 0;
      },
    });
    await feed.run();
    expect(feed.damage.total).toBe(0);
    expect(messages).toBe(name.includes('gaps') ? 3483 : 10_000);
  });

  it('mdp3: is what its command makes', async () => {
    const path = join(folder, mdp3Session);
    const { code, stderr } = await run(['generate', '-o', path, ...mdp3Flags.split(' ')]);
    expect(code, stderr).toBe(0);
    expect(readFileSync(path).equals(readFileSync(fixture(mdp3Session)))).toBe(true);
    expect(all.filter((name) => !names.includes(name))).toEqual([mdp3Session]);
  });

  it('mdp3: decode → encode is the identity', () => {
    const reader = new CaptureReader({
      onDamage: ({ message }) => {
        throw new Error(message);
      },
    });
    reader.push(readFileSync(fixture(mdp3Session)));
    reader.end();
    let messages = 0;
    const names = new Set<string>();
    while (reader.next()) {
      const { view, offset, length } = reader;
      for (let at = offset + 12; at < offset + length; at += view.getUint16(at, true)) {
        const size = view.getUint16(at, true) - 2;
        // Padding is zero here, so that nothing of the wire has to be kept.
        const values = mdp3.toObject(view, at + 2, size) as NonNullable<ReturnType<typeof mdp3.toObject>>;
        const bytes = Buffer.from(view.buffer, view.byteOffset + at + 2, size);
        expect(bytes.equals(mdp3.encode(values)), String(values.name)).toBe(true);
        names.add(String(values.name));
        messages++;
      }
    }
    // On two lines.
    expect(messages).toBe(2 * 2200);
    expect(names.size).toBe(26);
  });
});
