/** Decoders of batches: the same messages and verdicts as one by one, by type; columns; and what handlers may do. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { createCodec } from '../../src/schema/codec.js';
import { projectRoot } from '../support/cli.js';
import { everyBytes, small } from './small.js';

const codec = createCodec(small);
const every = everyBytes('ABCDEFGHIJKLMN');
const bare = (time: number) => Uint8Array.of(0x22, 0, 0, 0, 0, 0, time);

function blockOf(...messages: (readonly number[] | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(messages.flatMap((bytes) => [bytes.length >> 8, bytes.length & 255, ...bytes]));
}

const bytes = blockOf(bare(1), every, [], bare(2), [1, 2, 3], every, bare(3));
const view = new DataView(bytes.buffer);

describe.each(['compiled', 'interpreted'] as const)('%s decoder of batches', (engine) => {
  function collect(blockBytes?: number) {
    const seen: unknown[] = [];
    const decoder = codec.createBatchDecoder(
      {
        Every: (message) => seen.push(['Every', message.offset, message.id]),
        Bare: (message) => seen.push(['Bare', message.offset, message.timestamp]),
        onBatch: (type, offsets, count, { positions }) =>
          seen.push([type, [...offsets.subarray(0, count)], [...positions.subarray(0, count)], decoder.firstPosition]),
        onUnknown: (_, offset, length) => seen.push(['unknown', offset, length]),
      },
      { engine, ...(blockBytes === undefined ? {} : { blockBytes }) },
    );
    return { seen, decoder };
  }

  it('hands a block over type by type, unknown ones last', () => {
    const { seen, decoder } = collect();
    expect(decoder.decodeBlocks(view, 0, bytes.length)).toBe(bytes.length);
    expect(seen).toEqual([
      ['Every', 11, 9_007_199_254_740_992],
      ['Every', 78, 9_007_199_254_740_992],
      ['E', [11, 78], [1, 5], 0],
      ['Bare', 2, 1],
      ['Bare', 64, 2],
      ['Bare', 129, 3],
      ['"', [2, 64, 129], [0, 3, 6], 0],
      ['unknown', 62, 0],
      ['unknown', 73, 3],
    ]);
    expect(decoder.firstPosition).toBe(7);
  });

  it('numbers messages across blocks', () => {
    const { seen, decoder } = collect(20);
    expect(decoder.decodeBlocks(view, 0, bytes.length - 1)).toBe(127);
    expect(seen).toEqual([
      ['Every', 11, 9_007_199_254_740_992],
      ['E', [11], [1], 0],
      ['Bare', 2, 1],
      ['"', [2], [0], 0],
      ['Every', 78, 9_007_199_254_740_992],
      ['E', [78], [3], 2],
      ['Bare', 64, 2],
      ['"', [64], [1], 2],
      ['unknown', 62, 0],
      ['unknown', 73, 3],
    ]);
    expect(decoder.firstPosition).toBe(6);
  });

  it('collects until it is full, another view comes or it is flushed', () => {
    const { seen, decoder } = collect(18);
    expect(decoder.collectBlocks(view, 0, 9)).toBe(9);
    expect(seen).toEqual([]);
    decoder.collect(view, 64, 7);
    const pair = [
      ['Bare', 2, 1],
      ['Bare', 64, 2],
      ['"', [2, 64], [0, 1], 0],
    ];
    expect(seen).toEqual(pair);
    decoder.collect(view, 129, 7);
    expect(seen).toEqual(pair);
    const other = new DataView(blockOf(bare(9), bare(8)).buffer);
    expect(decoder.collectBlocks(other, 0, other.byteLength, 1)).toBe(9);
    expect(seen).toEqual([...pair, ['Bare', 129, 3], ['"', [129], [0], 2]]);
    decoder.flush();
    decoder.flush();
    expect(seen.slice(5)).toEqual([
      ['Bare', 2, 9],
      ['"', [2], [0], 3],
    ]);
  });

  it('handlers are called on their object, may decode other bytes in between, and may throw', () => {
    const inner = blockOf(bare(7), bare(8));
    class Feed {
      seen: unknown[] = [];
      decoder = codec.createBatchDecoder(this, { engine });
      Every(message: { offset: number }) {
        this.seen.push(['Every', message.offset]);
        this.decoder.decodeBlocks(new DataView(inner.buffer), 0, inner.length);
      }
      Bare(message: { offset: number; timestamp: number }) {
        this.seen.push(['Bare', message.offset, message.timestamp]);
        if (message.timestamp === 3) throw new Error('three');
      }
    }
    const feed = new Feed();
    expect(() => feed.decoder.decodeBlocks(view, 0, bytes.length)).toThrow('three');
    const pair = [
      ['Bare', 2, 7],
      ['Bare', 11, 8],
    ];
    const expected = [
      ['Every', 11],
      ...pair,
      ['Every', 78],
      ...pair,
      ['Bare', 2, 1],
      ['Bare', 64, 2],
      ['Bare', 129, 3],
    ];
    expect(feed.seen).toEqual(expected);
    expect(feed.decoder.decodeBlocks(view, 0, 9)).toBe(9);
    expect(feed.seen).toEqual([...expected, ['Bare', 2, 1]]);
  });

  it('reads columns, all words of all fields or those that are named', () => {
    const all = codec.createColumns('Every', { engine });
    const some = codec.createColumns('Every', { engine, columns: ['price', 'id', 'timestamp', 'sideCode'] });
    const decoder = codec.createBatchDecoder({
      onBatch(type, _, count, batch) {
        if (type === 'E') expect([all.read(batch), some.read(batch)]).toEqual([count, count]);
        else expect(() => all.read(batch)).toThrow('columns of Every were given a batch of Bare');
      },
    });
    decoder.decodeBlocks(view, 0, bytes.length);
    expect([all.count, all.names.length, all.message.name]).toEqual([2, 16, 'Every']);
    const rows = (columns: Record<string, ArrayLike<number>>) =>
      Object.entries(columns).map(([name, values]) => [name, values.constructor.name, values[0], values[1]]);
    const flyweight = codec.createFlyweight('Every', engine).wrap(view, 11);
    for (const [name, , first, second] of rows(all.arrays)) {
      expect([name, first, second]).toEqual([name, flyweight[name as 'price'], flyweight[name as 'price']]);
    }
    expect(rows(some.arrays)).toEqual([
      ['price', 'Uint32Array', 123_400, 123_400],
      ['id', 'Float64Array', 9_007_199_254_740_992, 9_007_199_254_740_992],
      ['timestamp', 'Float64Array', 4_294_967_298, 4_294_967_298],
      ['sideCode', 'Uint8Array', 0x42, 0x42],
    ]);
    expect(all.names).toEqual([
      ...['timestampHigh', 'timestampLow', 'tiny', 'small', 'price', 'levelHigh', 'levelLow', 'idHigh', 'idLow'],
      ...['sideCode', 'oneWord0', 'threeWord0', 'fourteenWord0', 'fourteenWord1', 'fourteenWord2', 'fourteenWord3'],
    ]);
    expect(() => codec.createColumns('Every', { columns: ['side' as 'price'] })).toThrow(
      /^Every has no column "side": choose of timestamp timestampHigh /,
    );
    expect(() => codec.createColumns('None' as 'Every')).toThrow('Small has no "None"');
  });

  it('columns grow with the batch', () => {
    const many = blockOf(...Array.from({ length: 5000 }, (_, index) => bare(index % 256)));
    const columns = codec.createColumns('Bare', { engine });
    const partition = codec.createPartition(100_000);
    partition.take(new DataView(many.buffer), 0, many.length);
    expect(columns.read(partition.batches[1] as never)).toBe(5000);
    const { timestampLow } = columns.arrays;
    expect([timestampLow[0], timestampLow[255], timestampLow[4999]]).toEqual([0, 255, 4999 % 256]);
  });
});

describe('without code generation', () => {
  it('the library decodes batches and columns by interpreter', () => {
    const script = `
      import { canGenerateCode, itch50 } from 'tickreel';
      const values = { type: 'D', stockLocate: 1, trackingNumber: 2, timestamp: 3, orderReferenceNumber: '4' };
      const message = itch50.encode(values);
      const bytes = Uint8Array.of(0, message.length, ...message);
      const seen = [];
      const deletes = itch50.createColumns('OrderDelete');
      const decoder = itch50.createBatchDecoder({
        OrderDelete: (m) => seen.push(m.stockLocate),
        onBatch: (type, offsets, count, batch) => seen.push(type, deletes.read(batch)),
      });
      decoder.decodeBlocks(new DataView(bytes.buffer), 0, bytes.length);
      console.log(JSON.stringify([canGenerateCode(), seen, deletes.arrays.orderReferenceNumberLow[0]]));`;
    const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', script];
    expect(execFileSync(process.execPath, flags, { cwd: projectRoot, encoding: 'utf8' })).toBe('[false,[1,"D",1],4]\n');
  });
});
