/** The bundled fixtures are what the generator makes, and every message in them survives decode → encode. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { buildFixtures } from '../bench/fixtures.js';
import { MessageFeed } from '../src/analysis/message-feed.js';
import { itch50 } from '../src/protocol/itch50/index.js';
import { fixture, projectRoot } from './support/cli.js';

const names = readdirSync(join(projectRoot, 'fixtures'));
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
});
