/**
 * Real captures: the 139 packets of ITCH 5.0 against an independent dissector's text, field by field, and every message
 * of every file decoded and encoded again byte for byte. Packets are cut from their files by the code below, so that
 * nothing here leans on the readers that the library has of its own.
 */
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { itch50 } from '../../../src/protocol/itch50/index.js';
import { describeCaptures, listCaptures, readCapture } from '../../support/captures.js';
import { type DissectedPacket, dissected } from './dissection.js';

interface MoldPacket {
  session: string;
  sequence: string;
  messages: Uint8Array[];
}

const pcaps = listCaptures('itch50/moldudp64').filter((path) => path.endsWith('.pcap'));

describeCaptures('ITCH 5.0 in MoldUDP64', () => {
  it('equals the third-party decodes in every field of every message of all 139 packets', () => {
    const compared = { packets: 0, messages: 0, fields: 0 };
    const types = new Set<string>();
    for (const path of pcaps) {
      const text = new TextDecoder().decode(readCapture(`decodes/${path.replace(/\.pcap$/, '.txt')}`));
      const theirs = dissected(text);
      const ours = moldPackets(readCapture(path));
      expect(ours.length, path).toBe(theirs.length);
      compared.packets += ours.length;
      // The dissector's clock ignores daylight saving: one whole number of hours for the file, and nothing else.
      const shift = clockShift(theirs, ours);
      expect(shift % 3_600_000_000_000n, path).toBe(0n);
      for (const [index, packet] of ours.entries()) {
        const their = theirs[index] as DissectedPacket;
        expect(packet.session, path).toBe(their.session);
        expect(packet.sequence, path).toBe(their.sequence);
        expect(packet.messages.length, path).toBe(their.messages.length);
        for (const [position, bytes] of packet.messages.entries()) {
          const expected = { ...their.messages[position] } as Record<string, string | bigint>;
          expected.timestamp = (expected.timestamp as bigint) - shift;
          const actual = comparable(bytes);
          expect(actual, `${path} packet ${index + 1} message ${position + 1}`).toEqual(expected);
          compared.messages++;
          compared.fields += Object.keys(actual).length - 2;
          types.add(actual.type as string);
        }
      }
    }
    expect(compared).toEqual({ packets: 139, messages: 176, fields: 1274 });
    expect([...types].sort().join('')).toBe('ACDEFHIJLNPQSUXY');
  });

  it('decodes and encodes every message of the packets byte for byte', () => {
    const messages = pcaps.flatMap((path) => moldPackets(readCapture(path)).flatMap((packet) => packet.messages));
    expect(messages.length).toBe(176);
    expect(messages.filter((bytes) => !survives(bytes))).toEqual([]);
  });
});

describeCaptures('ITCH 5.0 BinaryFILE', () => {
  it.each([
    ['day-prefix-35k.itch', 35_581],
    ['aapl-20200130-10k.bin', 10_000],
    ['day-prefix-1k.itch', 1_000],
    ['synthetic-8k.NASDAQ_ITCH50', 8_009],
    ['zero-length-prefix.TEST_ITCH_50.gz', 12_012],
    ['no-length-prefix.itch', 224],
  ])('%s: %i messages decode and encode byte for byte', (name, count) => {
    const file = readCapture(`itch50/binaryfile/${name}`);
    const bytes = name.endsWith('.gz') ? gunzipSync(file) : file;
    const prefix = name === 'no-length-prefix.itch' ? 0 : 2;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let messages = 0;
    let at = 0;
    while (at + prefix < bytes.length) {
      const length = prefix === 2 && view.getUint16(at) !== 0 ? view.getUint16(at) : itch50.lengthOf(view, at + prefix);
      if (at + prefix + length > bytes.length) break;
      expect(itch50.isKnown(view, at + prefix, length)).toBe(true);
      if (!survives(bytes.subarray(at + prefix, at + prefix + length))) throw new Error(`${name}: message at ${at}`);
      messages++;
      at += prefix + length;
    }
    expect(messages).toBe(count);
  });
});

/** The MoldUDP64 packets of a nanosecond little-endian pcap: Ethernet, an 802.1Q tag or none, IPv4, UDP. */
function moldPackets(file: Uint8Array): MoldPacket[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length);
  expect(view.getUint32(0, true)).toBe(0xa1b23c4d);
  const packets: MoldPacket[] = [];
  for (let at = 24; at < file.length; at += 16 + view.getUint32(at + 8, true)) {
    const ethernet = at + 16;
    const ip = view.getUint16(ethernet + 12) === 0x8100 ? ethernet + 18 : ethernet + 14;
    const mold = ip + (view.getUint8(ip) & 15) * 4 + 8;
    const messages: Uint8Array[] = [];
    let block = mold + 20;
    for (let count = view.getUint16(mold + 18); count > 0; count--) {
      messages.push(file.slice(block + 2, block + 2 + view.getUint16(block)));
      block += 2 + view.getUint16(block);
    }
    const session = String.fromCharCode(...file.subarray(mold, mold + 10)).replaceAll('\0', '');
    packets.push({ session, sequence: String(view.getBigUint64(mold + 10)), messages });
  }
  return packets;
}

/** Our decoding in the dissector's terms: numbers as bigints, text as it is. */
function comparable(bytes: Uint8Array): Record<string, string | bigint> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = itch50.toObject(view, 0, bytes.length);
  if (values === null) throw new Error('unknown message');
  const text = new Set(['type', 'name']);
  for (const { name, kind } of itch50.messageOf(bytes[0] as number)?.fields ?? []) {
    if (kind === 'char' || kind === 'alpha') text.add(name);
  }
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, text.has(key) ? String(value) : BigInt(value)]),
  );
}

function clockShift(theirs: readonly DissectedPacket[], ours: readonly MoldPacket[]): bigint {
  const first = theirs[0]?.messages[0]?.timestamp as bigint;
  return first - (comparable(ours[0]?.messages[0] as Uint8Array).timestamp as bigint);
}

function survives(bytes: Uint8Array): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = itch50.toObject(view, 0, bytes.length);
  return values !== null && Buffer.compare(itch50.encode(values), bytes) === 0;
}
