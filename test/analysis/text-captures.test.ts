/** Real captures as text: lines as bytes are those of the string writers, with every option that changes values. */
import { statSync } from 'node:fs';
import { expect, test } from 'vitest';
import { MessageFeed } from '../../src/analysis/message-feed.js';
import { isMdp3 } from '../../src/analysis/protocols.js';
import { CaptureError } from '../../src/core/errors.js';
import { TextBuffer } from '../../src/core/text-buffer.js';
import { itch50 } from '../../src/protocol/itch50/index.js';
import { capturePath, describeCaptures, listCaptures } from '../support/captures.js';

/** Larger ones hold more of the same. */
const mostBytes = 3 << 20;
const mostMessages = 3000;

type Pair = readonly [(view: DataView, at: number, length: number) => string, Write];
type Write = (text: TextBuffer, view: DataView, at: number, length: number) => void;

const ofItch: readonly Pair[] = [{}, { int64: 'number', decimal: true } as const].flatMap((options) => {
  const rows = itch50.rowBytes(options);
  return [
    [itch50.jsonWriter(options), itch50.jsonBytes(options)] as const,
    [itch50.csvWriter(options).row, rows.row] as const,
  ];
});

/** How many texts were compared. */
async function compare(path: string): Promise<number> {
  const text = new TextBuffer(64);
  let [messages, compared] = [0, 0];
  let ofMdp3: readonly Pair[] | null = null;
  const feed = await MessageFeed.open(
    capturePath(path),
    {
      onMessage(view, offset, length, _timestampNs, _sequence, stream, verdict) {
        if (verdict !== 'known') return;
        messages++;
        const { mdp3 } = feed.protocols;
        const symbolOf = (id: number) => mdp3.symbolOf(id);
        ofMdp3 ??= [{ symbolOf }, { symbolOf, int64: 'number', enums: 'name' } as const].flatMap((options) => [
          [mdp3.catalogue.jsonWriter(options), mdp3.catalogue.jsonBytes(options)] as const,
          [mdp3.catalogue.csvWriter(options).row, mdp3.catalogue.rowBytes(options).row] as const,
        ]);
        for (const [write, writeBytes] of isMdp3(stream) ? ofMdp3 : ofItch) {
          text.length = 0;
          writeBytes(text, view, offset, length);
          const expected = write(view, offset, length);
          if (text.toString() !== expected) expect(`${path}: ${text.toString()}`).toBe(`${path}: ${expected}`);
          compared++;
        }
      },
      isDone: () => messages >= mostMessages,
    },
    { learnsSymbols: true },
  );
  await feed.run();
  return compared;
}

describeCaptures('as text', () => {
  test('bytes are those of strings', { timeout: 120_000 }, async () => {
    const compared: Record<string, number> = { itch50: 0, mdp3: 0 };
    for (const protocol of ['itch50', 'mdp3']) {
      for (const path of listCaptures(protocol)) {
        if (statSync(capturePath(path)).size > mostBytes) continue;
        try {
          compared[protocol] = (compared[protocol] as number) + (await compare(path));
        } catch (error) {
          if (!(error instanceof CaptureError)) throw error;
        }
      }
    }
    // Those of MDP hold a few messages each.
    expect(compared.mdp3).toBeGreaterThan(40);
    expect(compared.itch50).toBeGreaterThan(1000);
  });
});
