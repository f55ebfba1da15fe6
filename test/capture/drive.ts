/** Reads a whole capture and lists what came of it, asserting that it ended in bounded steps and memory. */
import { expect } from 'vitest';
import { type CaptureCounts, CaptureReader, type CaptureReaderOptions } from '../../src/capture/capture-reader.js';
import { MAX_HELD_BLOCK_BYTES } from '../../src/capture/pcapng.js';
import type { Damage, DatagramReader, Join } from '../../src/core/seams.js';

export interface Datagram {
  packet: number;
  fileOffset: number;
  seconds: number;
  nanoseconds: number;
  flow: string;
  payload: string;
  truncated: boolean;
  /** Of a piece of a TCP stream. */
  join?: Join;
}

export interface Outcome {
  datagrams: Datagram[];
  damage: Damage[];
  counts: CaptureCounts;
  skipped: Record<string, number>;
}

/** The payload under a reader, one character a byte. */
export function payloadOf(reader: DatagramReader): string {
  return Buffer.from(reader.view.buffer, reader.view.byteOffset + reader.offset, reader.length).toString('latin1');
}

/** The most that a reader may hold: twice the longest record or block and the chunk behind it. */
export function mostHeld(chunkBytes: number): number {
  return 2 * (MAX_HELD_BLOCK_BYTES + chunkBytes);
}

/** Reads `bytes` in chunks of the sizes that `sizes` gives by turns; all at once where there is none. */
export function read(bytes: Uint8Array, sizes: number[] = [], options: Partial<CaptureReaderOptions> = {}): Outcome {
  const damage: Damage[] = [];
  const reader = new CaptureReader({ onDamage: (one) => damage.push(one), ...options });
  const datagrams: Datagram[] = [];
  let at = 0;
  for (let turn = 0; !reader.done; turn++) {
    while (reader.next()) datagrams.push(datagramOf(reader));
    if (reader.done) break;
    if (at >= bytes.length) reader.end();
    else {
      const size = sizes.length === 0 ? bytes.length : (sizes[turn % sizes.length] as number);
      reader.push(bytes.slice(at, at + size));
      at += size;
      if (reader.view.buffer.byteLength > mostHeld(size)) throw new Error('the reader holds too much');
    }
    if (turn > bytes.length + 2) throw new Error('the reader asks for bytes without end');
    if (datagrams.length * 16 > bytes.length) throw new Error('more datagrams than the bytes can hold');
  }
  expect(reader.next()).toBe(false);
  const counts = reader.counts;
  const skipped = reader.skipped;
  const pieces = datagrams.filter((one) => one.join !== undefined);
  expect([counts.datagrams, counts.tcpPieces]).toEqual([datagrams.length - pieces.length, pieces.length]);
  expect(counts.skipped).toBe(Object.values(skipped).reduce((sum, count) => sum + count, 0));
  expect(counts.fragmentsHeld).toBe(0);
  expect(counts.packets).toBe(counts.datagrams + counts.skipped + counts.fragmentsMerged + counts.tcpSegments);
  return { datagrams, damage, counts, skipped };
}

export function datagramOf(reader: CaptureReader): Datagram {
  return {
    packet: reader.packetNumber,
    fileOffset: reader.fileOffset,
    seconds: reader.seconds,
    nanoseconds: reader.nanoseconds,
    flow: reader.flow.name,
    payload: payloadOf(reader),
    truncated: reader.truncated,
    ...(reader.join === undefined ? {} : { join: reader.join }),
  };
}
