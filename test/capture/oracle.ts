/** pcap-parser, an independent reader of classic captures with microseconds. */
import { createRequire } from 'node:module';
import { Readable } from 'node:stream';

export interface OraclePacket {
  header: {
    timestampSeconds: number;
    timestampMicroseconds: number;
    capturedLength: number;
    originalLength: number;
  };
  data: Buffer;
}

interface PcapParser {
  parse(stream: Readable): NodeJS.EventEmitter;
}

/** The packets that pcap-parser finds. */
export async function parseWithOracle(bytes: Uint8Array): Promise<OraclePacket[]> {
  const { parse } = createRequire(import.meta.url)('pcap-parser') as PcapParser;
  const packets: OraclePacket[] = [];
  await new Promise<void>((resolve, reject) => {
    const parser = parse(Readable.from([Buffer.from(bytes)]));
    parser.on('packet', (packet: OraclePacket) => packets.push(packet));
    parser.on('end', resolve);
    parser.on('error', reject);
  });
  return packets;
}
