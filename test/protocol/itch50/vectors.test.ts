/** The hand-built vectors through every reader and writer. */
import { describe, expect, it } from 'vitest';
import { itch50 } from '../../../src/protocol/itch50/index.js';
import { bytesOf, handBuilt } from './vectors.js';

describe('hand-built messages', () => {
  it('cover every type, V W K h B O among them', () => {
    expect(handBuilt.map(({ values }) => values.type).sort()).toEqual(itch50.messages.map(({ type }) => type).sort());
  });

  it.each(handBuilt.map((vector) => [vector.values.name, vector] as const))('%s', (name, { bytes: hex, values }) => {
    const bytes = bytesOf(hex);
    // Decoded at an odd offset between other bytes, so that nothing read lies outside the message.
    const padded = Uint8Array.from([0xee, ...bytes, 0xee]);
    const view = new DataView(padded.buffer);
    const writer = itch50.jsonWriter();
    expect(itch50.toObject(view, 1, bytes.length)).toEqual(values);
    expect(JSON.parse(`{${writer(view, 1)}}`)).toEqual(values);
    expect(itch50.referenceDecoder()(bytes)).toEqual(values);
    expect(itch50.encode(values as never)).toEqual(bytes);
    expect(itch50.timestampOf(view, 1)).toBe(34_200_000_000_001);
    expect(itch50.lengthOf(view, 1)).toBe(bytes.length);
    expect(itch50.isKnown(view, 1, bytes.length)).toBe(true);
    for (const engine of ['compiled', 'interpreted'] as const) {
      const seen: unknown[] = [];
      const message = itch50.createFlyweight(name as 'AddOrder', engine).wrap(view, 1);
      for (const [key, value] of Object.entries(values)) {
        const read: unknown = message[key as 'price'];
        seen.push([key, typeof value === 'string' ? String(read).trimEnd() : read]);
      }
      expect(seen).toEqual(Object.entries(values).map(([key, value]) => [key, readable(key, value)]));
    }
  });
});

/** A 64-bit accessor reads the nearest number. */
function readable(key: string, value: string | number): string | number {
  return key !== 'type' && /^\d{2,}$/.test(String(value)) && typeof value === 'string' ? String(Number(value)) : value;
}
