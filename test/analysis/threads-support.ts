/** Reads a capture by one thread and in parts that are read ahead, for tests that compare the two. */

import fc from 'fast-check';
import type { Input } from '../../src/analysis/input.js';
import { Inspection } from '../../src/analysis/inspection.js';
import { MessageFeed } from '../../src/analysis/message-feed.js';
import { messageWriter, type OutputFormat } from '../../src/analysis/message-writer.js';
import { ThreadedLines } from '../../src/analysis/threads/lines.js';
import type { StageSpec } from '../../src/analysis/threads/part.js';
import type { ThreadsOptions, ThreadsReport } from '../../src/analysis/threads/threads.js';
import { TextBuffer } from '../../src/core/text-buffer.js';
import { type FilterSpec, noFilter } from '../../src/replay/filter.js';
import type { CaptureWindow } from '../../src/replay/window.js';

/** Parts of so many bytes, all read ahead that can be, on this thread. */
function ahead(stage: StageSpec, partBytes: number): Pick<ThreadsOptions, 'threads' | 'stage'> & ThreadsOptions {
  return { threads: 1, readsAhead: true, startBytes: 1, partBytes, stage };
}

/** Bytes changed, cut out and doubled anywhere, some of them into what looks like a record's beginning. */
export const wounds = fc.array(
  fc.record({
    at: fc.integer({ min: 40, max: 9999 }).map((place) => place / 10_000),
    kind: fc.constantFrom('byte', 'cut', 'double', 'zero', 'header'),
    value: fc.nat(255),
  }),
  { minLength: 1, maxLength: 4 },
);

export function wounded(bytes: Buffer, list: readonly { at: number; kind: string; value: number }[]): Buffer {
  let out = Buffer.from(bytes);
  for (const { at, kind, value } of list) {
    const place = Math.floor(at * out.length);
    if (kind === 'byte') out[place] = value;
    else if (kind === 'zero') out.fill(0, place, Math.min(place + 2, out.length));
    else if (kind === 'cut') out = Buffer.concat([out.subarray(0, place), out.subarray(place + value)]);
    else {
      const piece = kind === 'header' ? out.subarray(24, 40) : out.subarray(place, place + value);
      out = Buffer.concat([out.subarray(0, place), piece, out.subarray(place)]);
    }
  }
  return out;
}

/** A pcap's packets so many times, each time ten seconds later; every fortieth has become one of ARP. */
export function repeated(pcap: Buffer, times: number): Buffer {
  const copies = Array.from({ length: times }, (_, copy) => {
    const packets = Buffer.from(pcap.subarray(24));
    let count = 0;
    for (let at = 0; at < packets.length; at += 16 + packets.readUInt32LE(at + 8)) {
      packets.writeUInt32LE(packets.readUInt32LE(at) + 10 * copy, at);
      if (++count % 40 === 0) packets.writeUInt16BE(0x0806, at + 16 + 12);
    }
    return packets;
  });
  return Buffer.concat([pcap.subarray(0, 24), ...copies]);
}

/** What `inspect` reports; `partBytes` 0: by one thread. */
export async function inspected(
  input: Input,
  partBytes: number,
  filter: FilterSpec = noFilter,
  window?: CaptureWindow,
) {
  const stage: StageSpec = window === undefined ? { kind: 'count', filter } : { kind: 'none' };
  const threads = partBytes === 0 ? {} : { threads: ahead(stage, partBytes) };
  const inspection = await Inspection.open(input, { filter, ...(window === undefined ? {} : { window }), ...threads });
  await inspection.run();
  const report = JSON.stringify(inspection.report(), null, 1);
  inspection.destroy();
  return { report, threads: inspection.feed.input.threads };
}

/** What `decode` prints, and the counts and damage of its feed. */
export async function decoded(
  path: string,
  partBytes: number,
  format: OutputFormat = 'ndjson',
  filter: FilterSpec = noFilter,
): Promise<{ text: string; rest: string; threads: ThreadsReport }> {
  const text = new TextBuffer();
  let out = '';
  const take = () => {
    out += text.toString();
    text.length = 0;
  };
  let lines: ThreadedLines | undefined;
  const flags = { format, fields: [], int64: 'string' } as const;
  const stage: StageSpec = { kind: 'text', filter, writer: { ...flags, fileName: path } };
  const damages: unknown[] = [];
  const feed = await MessageFeed.open(
    path,
    {
      onMessage(view, offset, length, _timestampNs, sequence, stream, verdict) {
        lines?.take(feed.input.reader, view, offset, length, sequence, stream, verdict);
      },
      mayPass: (judged) => lines?.fits(judged) ?? false,
      onJudged(judged) {
        take();
        out += Buffer.from(lines?.add(judged) ?? []).toString();
      },
      onDamage: (damage) => damages.push(damage),
    },
    {
      filter,
      learnsSymbols: true,
      ...(partBytes === 0 ? {} : { threads: { ...ahead(stage, partBytes), seed: () => lines?.seed() ?? null } }),
    },
  );
  const writer = messageWriter({ ...flags, fileName: () => feed.input.currentName }, feed.protocols);
  lines = new ThreadedLines(text, writer, feed.protocols.mdp3.securities, Number.POSITIVE_INFINITY);
  await feed.run();
  take();
  const { recordsRead, records, messagesRead, messagesPassed, gate, demux, input } = feed;
  const counts = {
    recordsRead,
    records,
    messagesRead,
    messagesPassed,
    lines: lines.count,
    misplaced: writer.misplaced,
  };
  const verdicts = [gate.unknownMessages, gate.damagedMessages, gate.withheldMessages, [...gate.unknown]];
  const rest = JSON.stringify([counts, verdicts, damages, demux.sessions(), demux.flows(), input.files()], null, 1);
  return { text: out, rest, threads: input.threads };
}
