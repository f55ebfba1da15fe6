/** Real captures in batches: every message and every field of it as the decoder of single messages gives them. */
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { CaptureReader } from '../../../src/capture/capture-reader.js';
import type { MessageListener } from '../../../src/core/seams.js';
import { itch50 } from '../../../src/protocol/itch50/index.js';
import type { TypeBatch } from '../../../src/schema/partition.js';
import { SessionDemux } from '../../../src/session/demux.js';
import { describeCaptures, listCaptures, readCapture } from '../../support/captures.js';

type Told = [offset: number, text: string];

/** A message as JSON, or its length where it is unknown. */
const write = itch50.jsonWriter();

function single(told: Told[]) {
  return (view: DataView, offset: number, length: number): void => {
    told.push([offset, itch50.isKnown(view, offset, length) ? write(view, offset) : `unknown ${length}`]);
  };
}

/** The same through batches and columns; each batch's rows are held against the messages' own numbers. */
function inBatches(told: Told[], blockBytes: number) {
  const columns = new Map(itch50.messages.map(({ type, name }) => [type as string, itch50.createColumns(name)]));
  return itch50.createBatchDecoder(
    {
      onBatch(type, offsets, count, batch: TypeBatch) {
        const reader = columns.get(type) as ReturnType<typeof itch50.createColumns<'AddOrder', 'price'>>;
        reader.read(batch);
        const flyweight = itch50.createFlyweight(reader.message.name);
        for (let row = 0; row < count; row++) {
          const offset = offsets[row] as number;
          told.push([offset, write(batch.view, offset)]);
          flyweight.wrap(batch.view, offset);
          const values = reader.names.map((name) => reader.arrays[name][row]);
          expect(values).toEqual(reader.names.map((name) => flyweight[name]));
        }
      },
      onUnknown: (_, offset, length) => told.push([offset, `unknown ${length}`]),
    },
    { blockBytes },
  );
}

function sorted(told: Told[]): Told[] {
  return told.sort(([one], [other]) => one - other);
}

/** Messages of a capture's MoldUDP64 by where they are in the file; damage and reports beside them. */
function readPcap(bytes: Uint8Array, listener: MessageListener) {
  const damages: string[] = [];
  const onDamage = ({ message }: { message: string }) => damages.push(message);
  const reader = new CaptureReader({ onDamage, tcp: false });
  const demux = new SessionDemux({ ...listener, onDamage }, { lengthOf: itch50.lengthOf });
  reader.push(bytes);
  reader.end();
  while (reader.next()) {
    const { view, offset, length, flow, packetNumber, fileOffset } = reader;
    demux.datagram(view, offset, length, 0, flow, packetNumber, fileOffset);
  }
  return { damages, sessions: demux.sessions() };
}

describeCaptures('ITCH 5.0 in batches', () => {
  it.each(listCaptures('itch50/binaryfile').filter((path) => !path.endsWith('.md')))('%s', (path) => {
    const file = readCapture(path);
    const bytes = path.endsWith('.gz') ? gunzipSync(file) : file;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const one: Told[] = [];
    const decode = single(one);
    let at = 0;
    while (bytes.length - at >= 2 && view.getUint16(at) <= bytes.length - at - 2) {
      decode(view, at + 2, view.getUint16(at));
      at += 2 + view.getUint16(at);
    }
    for (const blockBytes of [100, 32_768]) {
      const other: Told[] = [];
      expect(inBatches(other, blockBytes).decodeBlocks(view, 0, bytes.length)).toBe(at);
      expect(sorted(other)).toEqual(one);
    }
  });

  it.each(listCaptures('itch50').filter((path) => path.endsWith('.pcap')))('%s', (path) => {
    const bytes = readCapture(path);
    const one: Told[] = [];
    const expected = readPcap(bytes, { onMessage: single(one) });
    const other: Told[] = [];
    const decoder = inBatches(other, 2000);
    const found = readPcap(bytes, {
      onMessage: (view, offset, length) => decoder.collect(view, offset, length),
      onMessages: (view, offset, end, count) => {
        expect(decoder.collectBlocks(view, offset, end, count)).toBe(end);
      },
    });
    decoder.flush();
    expect(found).toEqual(expected);
    expect(sorted(other)).toEqual(sorted(one));
    expect(one.length).toBeGreaterThan(0);
  });
});
