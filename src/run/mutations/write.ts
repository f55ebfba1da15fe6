/** Mutated packets as a file: a pcapng whose packets say in a comment what was done, a pcap, or a BinaryFILE. */
import { PcapWriter, pcapRecord } from '../../capture/pcap-writer.js';
import { enhancedPacket, interfaceDescription, sectionHeader } from '../../capture/pcapng-build.js';
import { Expectations, type Expected } from '../../sim/mutations/expect.js';
import { binaryFileOf, Frames } from '../../sim/mutations/frames.js';
import type { Label, Packet } from '../../sim/mutations/model.js';

export type MutationFormat = 'pcapng' | 'pcap' | 'binaryfile';

/** The format that a file's name asks for. */
export function mutationFormatOf(path: string): MutationFormat {
  if (path.endsWith('.pcapng')) return 'pcapng';
  return path.endsWith('.pcap') || path === '-' ? 'pcap' : 'binaryfile';
}

/** A packet as it stands in the file, with what is expected of a parser that comes to it. */
export interface WrittenPacket {
  readonly packet: Packet;
  /** 1-based numbers of its frames in the file, in order; of a BinaryFILE that of its record. */
  readonly numbers: readonly number[];
  readonly expected: Expected;
}

/** Puts out the file piece by piece; answers what stands in it. */
export function writeMutations(
  packets: readonly Packet[],
  format: MutationFormat,
  put: (bytes: Uint8Array) => void,
): WrittenPacket[] {
  const expectations = new Expectations();
  const frames = new Frames();
  if (format === 'binaryfile') put(binaryFileOf(packets));
  else put(format === 'pcap' ? new PcapWriter().header() : sectionOf());
  let number = 0;
  return packets.map((packet) => {
    const numbers: number[] = [];
    if (format === 'binaryfile') numbers.push(++number);
    else {
      for (const { bytes, wireLength = bytes.length } of frames.of(packet)) {
        const comment = numbers.length === 0 && packet.label !== null ? commentOf(packet.label) : undefined;
        put(
          format === 'pcap'
            ? pcapRecord(bytes, wireLength, packet)
            : enhancedPacket(bytes, wireLength, packet, comment),
        );
        numbers.push(++number);
      }
    }
    return { packet, numbers, expected: expectations.next(packet) };
  });
}

/** Such as `tickreel mutation count-high, expect reject: a count of 5 where 4 follow`. */
export function commentOf({ kind, verdict, what }: Label): string {
  return `tickreel mutation ${kind}, expect ${verdict}: ${what}`;
}

/** One line of the manifest. */
export function manifestLine({ packet, numbers, expected }: WrittenPacket): string {
  const { label, framing, flow, source } = packet;
  if (label === null) return '';
  const { kind, layer, verdict, what } = label;
  const { gap, isReported, messages, skipped } = expected;
  return JSON.stringify({
    ...{ packet: numbers[0] ?? null, frames: numbers.length, source: source === 0 ? null : source, kind, layer },
    ...{ framing, flow: framing === 'binaryfile' ? null : flow.name, what, verdict },
    expect: {
      gap: gap === null ? null : { from: gap[0], to: gap[1] },
      ...{ report: isReported, skipped },
      messages: messages.map(({ sequence, session, protocol, values, isOptional, isRepeated }) => ({
        ...{ sequence, protocol, session, optional: isOptional, repeated: isRepeated },
        ...values,
      })),
    },
  });
}

function sectionOf(): Uint8Array {
  const section = sectionHeader();
  const description = interfaceDescription();
  const all = new Uint8Array(section.length + description.length);
  all.set(section);
  all.set(description, section.length);
  return all;
}
