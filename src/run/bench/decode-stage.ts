/** Decoding and scanning of messages that lie back to back in memory, with a checksum of every field. */
import type { Protocols } from '../../analysis/protocols.js';
import { itch50 } from '../../protocol/itch50/index.js';
import { type FieldSum, fieldSumHandlers } from '../../schema/field-sum.js';
import type { SbeCodec } from '../../schema/sbe/codec.js';
import { sbeFieldSumHandlers } from '../../schema/sbe/field-sum.js';
import type { SbeDecoder } from '../../schema/sbe/flyweight.js';
import type { Region } from './sample.js';
import type { PreparedStage } from './stages.js';

/** So many messages of each type are decoded in a run, by going over the same ones again where there are fewer. */
const leastOfType = 20_000;

/** One run over all regions, which yields the sum of every field. */
export function decodeRegions(regions: readonly Region[], protocols: Protocols): () => number {
  return summing(regions, protocols, (decoders, region) => decoders.overRegion(region));
}

/** The same with messages of ITCH in batches; MDP has none. */
export function decodeBatches(regions: readonly Region[], protocols: Protocols): () => number {
  return summing(regions, protocols, (decoders, region) =>
    region.protocol === 'itch50' ? decoders.inBatches(region) : decoders.overRegion(region),
  );
}

function summing(
  regions: readonly Region[],
  protocols: Protocols,
  runOver: (decoders: Decoders, region: Region) => () => void,
): () => number {
  const total: FieldSum = { sum: 0 };
  const decoders = new Decoders(protocols, total);
  const runs = regions.map((region) => runOver(decoders, region));
  return () => {
    total.sum = 0;
    for (const run of runs) run();
    return total.sum >>> 0;
  };
}

/** Decodes messages one by one, and adds every field up. */
export interface MessageSum {
  itch50(view: DataView, offset: number, length: number): void;
  mdp3(view: DataView, offset: number, length: number): void;
  reset(): void;
  sum(): number;
}

/** A decoder of single messages. */
export function messageSum(protocols: Protocols): MessageSum {
  const total: FieldSum = { sum: 0 };
  const decoders = new Decoders(protocols, total);
  const itch = decoders.itch50();
  const { catalogue } = protocols.mdp3;
  return {
    itch50: itch.decode,
    mdp3(view, offset, length) {
      const codec = catalogue.codecAt(view, offset, length);
      if (codec !== null) decoders.mdp3(codec).decode(view, offset, length);
    },
    reset() {
      total.sum = 0;
    },
    sum: () => total.sum >>> 0,
  };
}

/** Reads a region's messages from any place to any other, in batches where there are any, and adds up fields. */
export function regionReader({ protocol, schema, bytes, byteCount }: Region, protocols: Protocols) {
  const total: FieldSum = { sum: 0 };
  const decoders = new Decoders(protocols, total);
  const view = new DataView(bytes, 0, byteCount);
  const decoder =
    protocol === 'itch50'
      ? itch50.createBatchDecoder(fieldSumHandlers(itch50, total))
      : decoders.mdp3(protocols.mdp3.catalogue.codecs[schema] as SbeCodec);
  return {
    read: (start: number, stop: number): number =>
      'decodeBlocks' in decoder ? decoder.decodeBlocks(view, start, stop) : decoder.decodePacket(view, start, stop),
    takeSum(): number {
      const { sum } = total;
      total.sum = 0;
      return sum;
    },
  };
}

/** One run type by type; the sum is that of each message counted once, whatever is repeated. */
export function typeRuns(types: readonly Region[], protocols: Protocols): PreparedStage {
  const total: FieldSum = { sum: 0 };
  const decoders = new Decoders(protocols, total);
  const runs = types.map((region) => ({ decode: decoders.overRegion(region), times: repeatsOf(region) }));
  const partNs = new Float64Array(types.length);
  return {
    partNs,
    run() {
      let sum = 0;
      for (const [index, { decode, times }] of runs.entries()) {
        total.sum = 0;
        const startMs = performance.now();
        decode();
        sum = (sum + total.sum) | 0;
        for (let time = 1; time < times; time++) decode();
        partNs[index] = ((performance.now() - startMs) * 1e6) / times;
      }
      return sum >>> 0;
    },
  };
}

/** How often the messages of a type are decoded in one run. */
export function repeatsOf({ messages }: Pick<Region, 'messages'>): number {
  return Math.max(1, Math.ceil(leastOfType / messages));
}

/** Walks the lengths: each message's layout is checked, types are counted, and a time stamp or header is read. */
export function scanRegion(region: Region, protocols: Protocols): () => number {
  return region.protocol === 'itch50' ? scanItch(region) : scanMdp3(region, protocols);
}

function scanItch({ bytes, byteCount }: Region): () => number {
  const view = new DataView(bytes, 0, byteCount);
  const counts = new Uint32Array(256);
  return () => {
    let sum = 0;
    for (let at = 0; at < byteCount; ) {
      const length = view.getUint16(at);
      const message = at + 2;
      if (!itch50.isKnown(view, message, length)) throw new Error(`the message at ${at} has changed`);
      const type = view.getUint8(message);
      counts[type]++;
      const timestamp = itch50.timestampOf(view, message);
      sum = (sum + type + (timestamp | 0) + ((timestamp / 0x100000000) | 0)) | 0;
      at = message + length;
    }
    return sum >>> 0;
  };
}

function scanMdp3({ bytes, byteCount, schema }: Region, protocols: Protocols): () => number {
  const codec = protocols.mdp3.catalogue.codecs[schema] as SbeCodec;
  const view = new DataView(bytes, 0, byteCount);
  const counts = new Uint32Array(65_536);
  return () => {
    let sum = 0;
    for (let at = 0; at < byteCount; ) {
      const size = view.getUint16(at, true);
      if (!codec.isKnown(view, at + 2, size - 2)) throw new Error(`the message at ${at} has changed`);
      const template = view.getUint16(at + 4, true);
      counts[template]++;
      sum = (sum + template + view.getUint16(at + 2, true)) | 0;
      at += size;
    }
    return sum >>> 0;
  };
}

/** Decoders that add to one sum, built when first needed. */
class Decoders {
  private readonly byCodec = new Map<unknown, SbeDecoder>();
  private readonly protocols: Protocols;
  private readonly total: FieldSum;

  constructor(protocols: Protocols, total: FieldSum) {
    this.protocols = protocols;
    this.total = total;
  }

  itch50() {
    return itch50.createDecoder(fieldSumHandlers(itch50, this.total));
  }

  mdp3(codec: SbeCodec): SbeDecoder {
    let decoder = this.byCodec.get(codec);
    if (decoder === undefined) {
      decoder = codec.createDecoder(sbeFieldSumHandlers(codec.schema, this.total));
      this.byCodec.set(codec, decoder);
    }
    return decoder;
  }

  inBatches({ bytes, byteCount }: Region): () => void {
    const view = new DataView(bytes, 0, byteCount);
    const decoder = itch50.createBatchDecoder(fieldSumHandlers(itch50, this.total));
    return () => expectEnd(decoder.decodeBlocks(view, 0, byteCount), byteCount);
  }

  overRegion({ protocol, schema, bytes, byteCount }: Region): () => void {
    const view = new DataView(bytes, 0, byteCount);
    const codec = this.protocols.mdp3.catalogue.codecs[schema] as SbeCodec;
    const decoder = protocol === 'itch50' ? this.itch50() : this.mdp3(codec);
    const decode = 'decodeBlocks' in decoder ? decoder.decodeBlocks : decoder.decodePacket;
    return () => expectEnd(decode(view, 0, byteCount), byteCount);
  }
}

function expectEnd(behind: number, byteCount: number): void {
  if (behind !== byteCount) throw new Error(`decoding ended at byte ${behind} of ${byteCount}`);
}
