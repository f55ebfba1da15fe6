/** Other ways to the same checksum: binary-parser for the messages, pcap-parser for the packets. */
import { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import { buildParser, itch50Table } from 'tickreel';
import { handWrittenChecksum } from './hand-written.js';

interface PcapParser extends EventEmitter {
  on(event: 'packet', listener: (packet: { data: Buffer }) => void): this;
}

const pcapParser: { parse(stream: EventEmitter): PcapParser } = createRequire(import.meta.url)('pcap-parser');

/** What a file stream reads at once. */
const chunkBytes = 65_536;

/** Decodes with binary-parser, a parser built from the same table; every value it yields is added up by word. */
export function binaryParserChecksum(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let sum = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint16(at);
    const message: Record<string, number | bigint | string> = messageParser.parse(
      bytes.subarray(at + 2, at + 2 + length),
    );
    for (const key in message) sum = (sum + valueWords(key, message[key] as number | bigint | string)) | 0;
    at += length + 2;
  }
  return sum >>> 0;
}

/** Reads packets with pcap-parser, which knows classic microsecond files only, and the messages by hand. */
export function pcapParserChecksum(bytes: Uint8Array): number {
  const stream = new ChunkStream();
  let sum = 0;
  pcapParser.parse(stream).on('packet', ({ data }) => {
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    sum = (sum + handWrittenChecksum(view, headerBytes, data.length)) | 0;
  });
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    stream.emit('data', Buffer.from(bytes.buffer, bytes.byteOffset + at, Math.min(chunkBytes, bytes.length - at)));
  }
  return sum >>> 0;
}

/** The part of a readable stream that pcap-parser asks for; chunks are emitted as they come. */
class ChunkStream extends EventEmitter {
  pause(): void {}
  resume(): void {}
}

const messageParser = buildParser(itch50Table);
/** Ethernet with its tag, IPv4, UDP and MoldUDP64 headers. */
const headerBytes = 18 + 20 + 8 + 20;
const textLengths = new Map<string, number>(
  itch50Table.messages.flatMap(({ fields }) => fields.filter((f) => f.kind === 'alpha').map((f) => [f.name, f.length])),
);

function valueWords(name: string, value: number | bigint | string): number {
  if (typeof value === 'number') return value | 0;
  if (typeof value === 'bigint') return Number((value >> 32n) + (value & 0xffffffffn)) | 0;
  const length = textLengths.get(name) ?? 1;
  let sum = 0;
  for (let index = 0; index < length; index++) {
    const word = length - (index & ~3);
    const shift = 8 * (Math.min(word, 4) - 1 - (index & 3));
    sum = (sum + ((index < value.length ? value.charCodeAt(index) : 0x20) << shift)) | 0;
  }
  return sum;
}
