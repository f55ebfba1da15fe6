import { expect, test } from 'vitest';
import { CaptureReader, type CaptureReaderOptions, NO_DATAGRAM } from '../../src/capture/capture-reader.js';
import type { CapturedFrame } from '../../src/core/seams.js';
import { MergedReader } from '../../src/replay/merge.js';
import { concat, frame, pcap, text } from './build.js';
import { ether, ip4, tcpSegment, udp } from './build-layers.js';
import { payloadOf } from './drive.js';

const datagram = frame({ payload: text('a whole datagram'), tags: [0x8100], trailer: new Uint8Array(7).fill(9) });
const arp = concat(datagram.slice(0, 12), Uint8Array.of(0x08, 0x06), text('who has 10.0.0.2?'));
const segment = ether(0x0800, ip4(tcpSegment(1, 0x18, text('a piece')), { protocol: 6 }));
const whole = udp(text('put together from two'));
const firstPart = ether(0x0800, ip4(whole.slice(0, 16), { more: true }));
const lastPart = ether(0x0800, ip4(whole.slice(16), { place: 16 }));
const packets = [datagram, arp, segment, firstPart, lastPart];

interface Seen {
  payload: string;
  flow: string;
  frame: Buffer | null;
}

function bytesOf(of: CapturedFrame): Buffer {
  return Buffer.from(new Uint8Array(of.view.buffer, of.view.byteOffset + of.offset, of.length));
}

/** What a reader delivers of a capture that comes in chunks of a few bytes. */
function readAll(bytes: Uint8Array, options: Partial<CaptureReaderOptions> = {}): Seen[] {
  const reader = new CaptureReader({ onDamage: () => {}, ...options });
  const seen: Seen[] = [];
  for (let at = 0; !reader.done; at += 50) {
    while (reader.next()) {
      const held = reader.frame;
      seen.push({ payload: payloadOf(reader), flow: reader.flow.name, frame: held && bytesOf(held) });
    }
    if (at < bytes.length) reader.push(bytes.slice(at, at + 50));
    else reader.end();
  }
  return seen;
}

test('a datagram shows the packet that it is in, one that was put together and a piece of a stream show none', () => {
  const seen = readAll(pcap(packets.map((data) => ({ data }))));
  expect(seen.map(({ payload, frame }) => [payload, frame])).toEqual([
    ['a whole datagram', Buffer.from(datagram)],
    ['a piece', null],
    ['put together from two', null],
  ]);
});

test('the frame tells where the payload lies, its link type and its length on the wire', () => {
  const reader = new CaptureReader({ onDamage: () => {} });
  expect(reader.frame).toBeNull();
  reader.push(pcap([{ data: datagram, original: 1500 }]));
  expect(reader.next()).toBe(true);
  const { view, offset, length } = reader;
  expect(reader.frame).toMatchObject({ linkType: 1, wireLength: 1500, length: datagram.length });
  expect(reader.frame).toMatchObject({ view, payload: offset, payloadLength: length });
});

test('all frames: each packet once, those without a datagram empty', () => {
  const seen = readAll(pcap(packets.map((data) => ({ data }))), { allFrames: true });
  expect(seen.map(({ frame }) => frame)).toEqual(packets.map((one) => Buffer.from(one)));
  expect(seen.map(({ payload }) => payload)).toEqual(['a whole datagram', '', '', '', '']);
  expect(seen.map(({ flow }) => flow).slice(1)).toEqual(Array(4).fill(NO_DATAGRAM));
});

test('all frames: one that was cut says so', () => {
  const reader = new CaptureReader({ onDamage: () => {}, allFrames: true });
  reader.push(pcap([{ data: arp, original: 60 }, { data: arp }]));
  expect([reader.next(), reader.truncated, reader.next(), reader.truncated]).toEqual([true, true, true, false]);
});

test('merged readers show the frame of the record at hand', () => {
  const readers = [3, 2].map((seconds) => {
    const reader = new CaptureReader({ onDamage: () => {} });
    reader.push(pcap([{ data: frame({ payload: text(`at ${seconds}`) }), seconds }]));
    reader.end();
    return reader;
  });
  const merged = new MergedReader(readers.map((reader) => ({ reader })));
  expect(merged.frame).toBeNull();
  for (const seconds of [2, 3]) {
    expect(merged.next()).toBe(true);
    expect(merged.frame && bytesOf(merged.frame)).toEqual(Buffer.from(frame({ payload: text(`at ${seconds}`) })));
  }
});
