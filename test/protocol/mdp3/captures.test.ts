/**
 * Real captures: every packet of MDP 3.0 against an independent dissector's text, line for line, with the templates of
 * its own version and with the built-in table; and every message decoded and encoded again byte for byte. Packets are
 * cut from their files by the code below, so that nothing here leans on the readers that the library has of its own.
 */
import { expect, it } from 'vitest';
import { mdp3, mdp3Versions } from '../../../src/protocol/mdp3/index.js';
import { createSbeCodec, type SbeCodec } from '../../../src/schema/sbe/codec.js';
import { readSbeXml } from '../../../src/schema/sbe/xml.js';
import { differences } from '../../schema/sbe/check-flyweight.js';
import { describeCaptures, listCaptures, readCapture } from '../../support/captures.js';
import { dissectedLines, ourLines, type Packet } from './dissection.js';
import { shared } from './evolution.js';

const decoded = listCaptures('decodes/mdp3').map((path) => path.replace(/^decodes\//, '').replace(/\.txt$/, ''));
const text = new TextDecoder();

describeCaptures('MDP 3.0', () => {
  it('equals the third-party decodes in every line, by the templates of its version and by the built-in table', () => {
    const compared = { files: 0, messages: 0, lines: 0 };
    for (const path of decoded) {
      const theirs = dissectedLines(text.decode(readCapture(`decodes/${path}.txt`)));
      const packet = packetIn(readCapture(`${path}.pcap`));
      for (const codec of [mdp3, codecOf(path)]) {
        const ours = ourLines(packet, (bytes) => readWith(codec, bytes));
        expect(ours, path).toEqual(theirs);
      }
      compared.files++;
      compared.messages += packet.messages.length;
      compared.lines += theirs.length;
    }
    expect(compared).toEqual({ files: 9, messages: 26, lines: 1663 });
  });

  it('reads the same by flyweights, compiled and interpreted', () => {
    const counted = { fields: 0 };
    for (const path of decoded) {
      for (const bytes of packetIn(readCapture(`${path}.pcap`)).messages) {
        const { message, values } = readWith(mdp3, bytes);
        for (const engine of ['compiled', 'interpreted'] as const) {
          const flyweight = mdp3.createFlyweight(message.name as 'AdminLogin15', engine);
          const wrapped = flyweight.wrap(viewOf(bytes), 0, bytes.length);
          expect(differences(mdp3.schema, message, wrapped, values, counted), path).toEqual([]);
        }
      }
    }
    expect(counted.fields).toBe(1604);
  });

  it('decodes and encodes every message byte for byte, by either', () => {
    const wrong: string[] = [];
    for (const path of decoded) {
      for (const codec of [mdp3, codecOf(path)]) {
        for (const [index, bytes] of packetIn(readCapture(`${path}.pcap`)).messages.entries()) {
          const values = codec.toObject(viewOf(bytes), 0, bytes.length, { wire: true });
          if (Buffer.compare(codec.encode(values ?? {}), bytes) !== 0) wrong.push(`${path} ${index + 1}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('from JSON, all but padding comes back', () => {
    const padded: string[] = [];
    for (const path of decoded) {
      const json = mdp3.jsonWriter();
      for (const bytes of packetIn(readCapture(`${path}.pcap`)).messages) {
        const written = mdp3.encode(JSON.parse(`{${json(viewOf(bytes), 0, bytes.length)}}`));
        expect(mdp3.toObject(viewOf(written), 0, written.length)).toEqual(
          mdp3.toObject(viewOf(bytes), 0, bytes.length),
        );
        if (Buffer.compare(written, bytes) !== 0) padded.push(path);
      }
    }
    expect(padded).toEqual(['mdp3/v12/MdIncrementalRefreshBookLongQty']);
  });

  it('read with the templates of other versions, gives every field that both know', () => {
    const compared: string[] = [];
    for (const path of decoded) {
      const own = codecOf(path);
      for (const version of mdp3Versions) {
        const other = codecOf(`mdp3/v${version}`);
        for (const bytes of packetIn(readCapture(`${path}.pcap`)).messages) {
          const { message, values } = readWith(own, bytes);
          const counterpart = other.messageOf(message.id);
          if (counterpart === undefined || version === own.schema.version) continue;
          const read = other.toObject(viewOf(bytes), 0, bytes.length);
          expect(shared(counterpart, message, read ?? {}), path).toEqual(shared(message, counterpart, values));
          const skipped = other.skipped(viewOf(bytes), 0, bytes.length);
          if (version > own.schema.version) expect(skipped, path).toEqual([]);
          compared.push(`${message.id} of ${own.schema.version} as ${version}`);
        }
      }
    }
    expect(new Set(compared).size).toBe(42);
  });

  it('messages of schema 2, for which there are no templates, are told as such', () => {
    const others = listCaptures('mdp3/v12').filter((path) => path.endsWith('.Tcp.pcap'));
    const told = others.flatMap((path) =>
      packetIn(readCapture(path)).messages.map((bytes) => [
        mdp3.messageAt(viewOf(bytes), 0, bytes.length),
        mdp3.skipped(viewOf(bytes), 0, bytes.length),
      ]),
    );
    const reason = (template: number) => `mktdata 13 has no template ${template} of schema 2 version 0`;
    expect(told).toEqual([
      [undefined, [{ path: 'mktdata', bytes: 28, reason: reason(206) }]],
      [undefined, [{ path: 'mktdata', bytes: 27, reason: reason(208) }]],
      [undefined, [{ path: 'mktdata', bytes: 27, reason: reason(209) }]],
      [undefined, [{ path: 'mktdata', bytes: 8, reason: reason(210) }]],
    ]);
  });
});

function readWith(codec: SbeCodec | typeof mdp3, bytes: Uint8Array) {
  const message = codec.messageAt(viewOf(bytes), 0, bytes.length);
  const values = codec.toObject(viewOf(bytes), 0, bytes.length);
  if (message === undefined || values === null) throw new Error('unknown message');
  return { message, values };
}

const codecs = new Map<string, SbeCodec>();

/** The codec by the exchange's file for the version that the path names. */
function codecOf(path: string): SbeCodec {
  const version = path.split('/')[1] as string;
  const file = `cme-templates/mdp3-${version}.xml`;
  const codec = codecs.get(file) ?? createSbeCodec(readSbeXml(text.decode(readCapture(file)), file));
  codecs.set(file, codec);
  return codec;
}

/** The one packet of a little-endian microsecond pcap: Ethernet, an 802.1Q tag or none, IPv4, UDP or TCP. */
function packetIn(file: Uint8Array): Packet {
  const view = viewOf(file);
  expect(view.getUint32(0, true)).toBe(0xa1b2c3d4);
  const ethernet = 40;
  expect(file.length).toBe(ethernet + view.getUint32(32, true));
  const ip = view.getUint16(ethernet + 12) === 0x8100 ? ethernet + 18 : ethernet + 14;
  const transport = ip + (view.getUint8(ip) & 15) * 4;
  const end = ip + view.getUint16(ip + 2);
  const isTcp = view.getUint8(ip + 9) === 6;
  const start = isTcp ? transport + (view.getUint8(transport + 12) >> 4) * 4 : transport + 8;
  const head = isTcp
    ? [
        `encodingtype=${view.getUint16(start, true)}`,
        `messagesequencenumber=${view.getUint32(start + 2, true)}`,
        `tcpsendingtime=${view.getBigUint64(start + 6, true)}`,
      ]
    : [`packetsequencenumber=${view.getUint32(start, true)}`, `sendingtime=${view.getBigUint64(start + 4, true)}`];
  const messages: Uint8Array[] = [];
  for (let at = start + (isTcp ? 14 : 12); at < end; at += view.getUint16(at, true)) {
    messages.push(file.slice(at + 2, at + view.getUint16(at, true)));
  }
  return { bytes: end - start, head, messages };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
