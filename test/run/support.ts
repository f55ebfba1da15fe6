/** What the run tests share: captures built by hand, specs, and a decoder of what came out. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type InputSpec, inputSpecOf } from '../../src/analysis/input.js';
import { loadProtocols, type Protocols } from '../../src/analysis/protocols.js';
import { PcapWriter } from '../../src/capture/pcap-writer.js';
import type { Flow } from '../../src/core/seams.js';
import { noFilter } from '../../src/replay/filter.js';
import { parseSpeed } from '../../src/replay/rate.js';
import { CaptureSource } from '../../src/run/capture-source.js';
import { type ReplaySpec, replayDefaults } from '../../src/run/replay-spec.js';
import { readMessageCount, readSequence, readSession } from '../../src/session/moldudp64.js';
import { hex } from '../replay/rig.js';
import { block, concat, itch, makeFlow } from '../session/support.js';
import { fixture, temporaryFolder } from '../support/cli.js';

export { block, concat, embed, itch, makeFlow, mold, u16 } from '../session/support.js';
export { projectRoot } from '../support/cli.js';
export { fixture, temporaryFolder };

export const pcapFixture = fixture('itch50-session.pcap');
export const gapsFixture = fixture('itch50-gaps.pcap');
export const gzipFixture = fixture('itch50-session.NASDAQ_ITCH50.gz');

/** 09:30:00 in New York on 2026-01-05, and the midnight before. */
export const openSeconds = 1_767_623_400;
export const midnightSeconds = openSeconds - 34_200;

/** A packet for `pcapOf`: `atNs` counts from 09:30:00. */
export interface Packet {
  atNs: number;
  payload: Uint8Array;
  flow?: Flow;
}

/** A nanosecond pcap of UDP packets. */
export function pcapOf(packets: readonly Packet[]): Uint8Array {
  const writer = new PcapWriter();
  const records = packets.map(({ atNs, payload, flow = makeFlow() }) => {
    const seconds = Math.floor(atNs / 1e9);
    const view = new DataView(payload.buffer, payload.byteOffset, payload.length);
    return writer.record(view, 0, payload.length, flow, openSeconds + seconds, atNs - seconds * 1e9).slice();
  });
  return concat(writer.header(), ...records);
}

/** An ITCH message with a locate and, where its type has one at that offset, a stock. */
export function message(type: string, atNs = 0, locate = 0, stock?: [offset: number, name: string]): Uint8Array {
  const bytes = itch(type, 34_200e9 + atNs);
  new DataView(bytes.buffer).setUint16(1, locate);
  if (stock) bytes.set(Buffer.from(stock[1].padEnd(8), 'latin1'), stock[0]);
  return bytes;
}

/** A BinaryFILE of these messages, ended as the format says. */
export function binaryFileOf(messages: readonly Uint8Array[]): Uint8Array {
  return concat(...messages.map(block), new Uint8Array(2));
}

/** A folder, and how to put files into it; returns the path. */
export function scratch(): { folder: string; write(name: string, bytes: Uint8Array): string } {
  const folder = temporaryFolder();
  return {
    folder,
    write(name, bytes) {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      return path;
    },
  };
}

export function inputOf(path: string, options: Partial<InputSpec> = {}): InputSpec {
  return inputSpecOf({ path, ...options });
}

/** What runs know of protocols where nothing is named. */
export function builtInProtocols(): Protocols {
  return loadProtocols({ templates: [], channels: null });
}

/** A spec with `--speed` as text; the target is null unless given. */
export function specOf(path: string, options: Partial<ReplaySpec> & { speed?: string } = {}): ReplaySpec {
  const { speed = '1x', ...rest } = options;
  return {
    ...replayDefaults,
    filter: noFilter,
    input: inputOf(path),
    target: { kind: 'null' },
    rate: parseSpeed(speed),
    ...rest,
  };
}

/** A datagram as the tests compare it: ns since 09:30:00, its header in words, its bytes. */
export interface Line {
  atNs: number;
  header: string;
  bytes: string;
  flow: string;
}

/** Reads what a source has left. */
export async function linesOf(source: CaptureSource): Promise<Line[]> {
  const found: Line[] = [];
  for (;;) {
    const { reader } = source;
    if (!reader.next()) {
      if (reader.done) return found;
      await source.fill();
      continue;
    }
    const { view, offset, length, seconds, nanoseconds, flow } = reader;
    found.push({
      atNs: (seconds - openSeconds) * 1e9 + nanoseconds,
      header: headerOf(view, offset, length),
      bytes: hex(view, offset, length),
      flow: flow.name,
    });
  }
}

/** Every datagram of a capture file, in order. */
export async function linesIn(path: string): Promise<Line[]> {
  const source = await CaptureSource.open(specOf(path), () => {});
  try {
    return await linesOf(source);
  } finally {
    await source.close();
  }
}

/** `session sequence count` of a MoldUDP64 packet; `-` for anything shorter. */
export function headerOf(view: DataView, offset: number, length: number): string {
  if (length < 20) return '-';
  return `${readSession(view, offset)} ${readSequence(view, offset)} ${readMessageCount(view, offset)}`;
}
