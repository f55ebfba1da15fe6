/** The packet ring against a kernel that is played: what it takes, leaves, refuses, and frees late. */
import { describe, expect, test } from 'vitest';
import { EthernetSink, idleEthernetSink } from '../../src/io/ethernet-sink.js';
import { EAGAIN, EMSGSIZE, ENOBUFS } from '../../src/io/native/socket-numbers.js';
import {
  AVAILABLE,
  ringGeometry,
  SEND_REQUEST,
  TransmitRing,
  VIRTIO_HEADER_BYTES,
  WRONG_FORMAT,
} from '../../src/io/transmit-ring.js';

const SENDING = 2;
const ENETDOWN = 100;
const mtu = 1500;

/** A kernel that keeps what it sent, and a ring of a few slots of its own. */
class Played {
  readonly sent: string[] = [];
  /** What each kick answers before it takes anything; taken from the front. */
  readonly answers: (number | 'refuse' | 'take one')[] = [];
  /** Slots that are freed by the next wait, not at once. */
  late: number[] = [];
  isLate = false;
  isClosed = false;
  mtuNow = mtu;
  head = 0;
  readonly ring: TransmitRing;
  readonly sink: EthernetSink;

  constructor(hasVirtioHeader = true, blocks = 2) {
    const geometry = { ...ringGeometry(mtu + 18), slotsPerBlock: 3, blockBytes: 8192, blocks };
    const memory = new ArrayBuffer(geometry.blockBytes * blocks);
    this.ring = new TransmitRing(memory, geometry, hasVirtioHeader, {
      kick: () => this.kick(),
      wait: () => {
        for (const slot of this.late.splice(0)) this.ring.mark(slot, AVAILABLE);
      },
      mtu: () => this.mtuNow,
      close: () => {
        this.isClosed = true;
      },
    });
    this.sink = new EthernetSink(this.ring, mtu, true);
  }

  private kick(): number {
    const { ring } = this;
    const answer = this.answers.shift() ?? 0;
    if (typeof answer === 'number' && answer !== 0) return answer;
    let left = answer === 'take one' ? 1 : Number.POSITIVE_INFINITY;
    while (left-- > 0 && ring.status(this.head) === SEND_REQUEST) {
      if (answer === 'refuse') {
        ring.mark(this.head, WRONG_FORMAT);
        return EMSGSIZE;
      }
      this.sent.push(this.frameAt(this.head));
      ring.mark(this.head, this.isLate ? SENDING : AVAILABLE);
      if (this.isLate) this.late.push(this.head);
      this.head = ring.after(this.head);
    }
    return answer === 'take one' ? EAGAIN : 0;
  }

  private frameAt(slot: number): string {
    const { ring } = this;
    const start = ring.starts[slot] as number;
    const headerBytes = ring.hasVirtioHeader ? VIRTIO_HEADER_BYTES : 0;
    const length = ring.view.getUint32(start + 4, true) - headerBytes;
    if (headerBytes > 0) expect(ring.view.getUint16(start + 34, true)).toBe(length);
    return Buffer.from(ring.bytes.subarray(start + ring.frameOffset, start + ring.frameOffset + length)).toString();
  }
}

function stage(sink: EthernetSink, ...texts: string[]): void {
  for (const one of texts) {
    const bytes = Buffer.from(one.padEnd(14, '.'));
    sink.stage(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0, bytes.length);
  }
}

const names = (sent: string[]) => sent.map((one) => one.replace(/\.+$/, ''));
const letters = (text: string) => text.split('');

test.each([true, false])('frames go out in order, one call for all that is staged (virtio header: %s)', (header) => {
  const { sink, sent } = new Played(header);
  stage(sink, 'a', 'b');
  expect(sent).toEqual([]);
  sink.flush();
  sink.flush();
  for (const one of letters('cdefghij')) sink.send(...frameOf(one));
  expect(names(sent)).toEqual(letters('abcdefghij'));
  expect([sink.kicks, sink.waits, sink.errors.size]).toEqual([9, 0, 0]);
});

function frameOf(text: string): [DataView, number, number] {
  const bytes = Uint8Array.from(Buffer.from(text.padEnd(14, '.')));
  return [new DataView(bytes.buffer), 0, bytes.length];
}

test('room: half of the ring at a time, none while the next slot is taken', () => {
  const played = new Played();
  const { sink } = played;
  expect(sink.room).toBe(3);
  stage(sink, 'a');
  expect(sink.room).toBe(2);
  stage(sink, 'b', 'c');
  expect(sink.room).toBe(0);
  played.isLate = true;
  sink.flush();
  stage(sink, 'd', 'e');
  sink.flush();
  stage(sink, 'f');
  // The slot of 'a' is not free yet.
  expect(sink.room).toBe(0);
  sink.flush();
  expect(sink.room).toBe(3);
  expect(names(played.sent)).toEqual(letters('abcdef'));
});

test('a full ring is waited for', () => {
  const played = new Played();
  played.isLate = true;
  for (const one of letters('abcdefghijklm')) played.sink.send(...frameOf(one));
  expect(names(played.sent)).toEqual(letters('abcdefghijklm'));
  expect(played.sink.waits).toBeGreaterThan(0);
  expect(played.sink.errors.size).toBe(0);
});

test('what a busy driver does not take is pressed on it', () => {
  const played = new Played();
  played.answers.push(EAGAIN, ENOBUFS, 'take one', 'take one');
  stage(played.sink, 'a', 'b', 'c');
  played.sink.flush();
  expect(names(played.sent)).toEqual(['a', 'b', 'c']);
  expect(played.sink.errors.size).toBe(0);
});

describe('refusals', () => {
  test('a frame that the kernel refuses is counted by the error, those behind it go', () => {
    const played = new Played();
    played.answers.push('take one', 'refuse', 0);
    stage(played.sink, 'a', 'b', 'c');
    played.sink.flush();
    expect(names(played.sent)).toEqual(['a', 'c']);
    expect([...played.sink.errors]).toEqual([['EMSGSIZE', 1]]);
    for (const one of letters('defghij')) played.sink.send(...frameOf(one));
    expect(names(played.sent)).toEqual(letters('acdefghij'));
  });

  test('the only one, and the last', () => {
    const played = new Played();
    played.answers.push('refuse');
    stage(played.sink, 'a');
    played.sink.flush();
    played.answers.push('take one', 'refuse');
    stage(played.sink, 'b', 'c');
    played.sink.flush();
    stage(played.sink, 'd');
    played.sink.flush();
    expect(names(played.sent)).toEqual(['b', 'd']);
    expect([...played.sink.errors]).toEqual([['EMSGSIZE', 2]]);
  });

  test('an interface that went down: all that was staged is counted, later frames go when it is up again', () => {
    const played = new Played();
    played.answers.push(ENETDOWN, 'take one', ENETDOWN);
    stage(played.sink, 'a', 'b', 'c');
    played.sink.flush();
    stage(played.sink, 'd', 'e');
    played.sink.flush();
    stage(played.sink, 'f');
    played.sink.flush();
    expect(names(played.sent)).toEqual(['d', 'f']);
    expect([...played.sink.errors]).toEqual([['ENETDOWN', 4]]);
  });

  test('an interface that was made smaller refuses later frames before they take a slot', () => {
    const played = new Played();
    played.mtuNow = 100;
    played.answers.push('refuse');
    stage(played.sink, 'x'.repeat(200), 'b');
    played.sink.flush();
    stage(played.sink, 'y'.repeat(200), 'c');
    played.sink.flush();
    expect(names(played.sent)).toEqual(['b', 'c']);
    expect([...played.sink.errors]).toEqual([['EMSGSIZE', 2]]);
    expect([played.sink.tooLong, played.sink.longestBytes, played.sink.mtuBytes]).toEqual([1, 200, 100]);
  });

  test('a frame longer than the MTU, unless by its VLAN tag; one shorter than a header', () => {
    const { sink, sent } = new Played();
    const lengths = [1514, 1515, 1519, 13];
    for (const length of lengths) sink.send(new DataView(new ArrayBuffer(length)), 0, length);
    for (const length of [1518, 1519]) {
      const tagged = new DataView(new ArrayBuffer(length));
      tagged.setUint16(12, 0x8100);
      sink.send(tagged, 0, length);
    }
    expect(sent.map((one) => one.length)).toEqual([1514, 1518]);
    expect([...sink.errors]).toEqual([
      ['EMSGSIZE', 3],
      ['EINVAL', 1],
    ]);
    expect([sink.tooLong, sink.longestBytes]).toEqual([3, 1519]);
  });
});

test('what is discarded was never sent, and its slots are used again', () => {
  const { sink, sent } = new Played();
  sink.send(...frameOf('a'));
  stage(sink, 'b', 'c');
  sink.discard();
  stage(sink, 'd');
  sink.flush();
  expect(names(sent)).toEqual(['a', 'd']);
  expect(sink.errors.size).toBe(0);
});

test('closing sends what is staged, waits for the driver, and lets go of the memory', async () => {
  const played = new Played();
  played.isLate = true;
  stage(played.sink, 'a', 'b');
  await played.sink.close();
  await played.sink.close();
  expect(names(played.sent)).toEqual(['a', 'b']);
  expect([played.isClosed, played.late, played.ring.view.byteLength]).toEqual([true, [], 0]);
});

test('slots never cross a block, and hold the longest frame; there are enough for any MTU', () => {
  for (const longest of [64, 1518, 9018, 65_554]) {
    const geometry = ringGeometry(longest);
    const { slotBytes, blockBytes, slotsPerBlock, blocks } = geometry;
    expect(slotBytes).toBeGreaterThanOrEqual(42 + longest);
    expect(slotsPerBlock * slotBytes).toBeLessThanOrEqual(blockBytes);
    expect([blockBytes % 4096, slotBytes % 16]).toEqual([0, 0]);
    expect(slotsPerBlock * blocks).toBeGreaterThanOrEqual(64);
  }
});

test('a ring that is drained into nothing takes any number', async () => {
  const sink = idleEthernetSink();
  for (let round = 0; round < 5000; round++) sink.send(...frameOf('x'));
  expect([sink.kicks, sink.waits, sink.errors.size]).toEqual([5000, 0, 0]);
  await sink.close();
});
