/** Decoders: who is called for what, packets by their sizes, and that nothing outside of a message is ever read. */
import { execFileSync } from 'node:child_process';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { mdp3 } from '../../../src/protocol/mdp3/index.js';
import { buildSbeAccessors, buildSbeDecoder } from '../../../src/schema/sbe/compile.js';
import type { SbeMessage } from '../../../src/schema/sbe/schema.js';
import type { SbeFault } from '../../../src/schema/sbe/walk.js';
import { projectRoot } from '../../support/cli.js';
import { dump } from './dump.js';
import {
  byteOrders,
  everyBody,
  everySchema,
  exactView,
  head,
  nestedBody,
  type Part,
  pack,
  poisonedView,
} from './every.js';

const engines = ['compiled', 'interpreted'] as const;
const cases = byteOrders.flatMap((byteOrder) => engines.map((engine) => ({ byteOrder, engine })));

function collecting(byteOrder: (typeof byteOrders)[number], engine: (typeof engines)[number]) {
  const schema = everySchema(byteOrder);
  const seen: unknown[] = [];
  const add = (message: { name: string }) => {
    const layout = schema.messages.find(({ name }) => name === message.name) as SbeMessage;
    seen.push([message.name, dump(layout, message, false)]);
  };
  const handlers = {
    Every: add,
    Nested: add,
    Gone: add,
    Bare: add,
    onUnknown: (_: DataView, offset: number, length: number) => void seen.push(['unknown', offset, length]),
    onFault: ({ code, path }: SbeFault) => void seen.push([code, path]),
  };
  const decoder = buildSbeDecoder(schema, buildSbeAccessors(schema, engine), handlers, engine);
  return { decoder, seen, handlers, schema };
}

describe.each(cases)('decoder, $byteOrder, $engine', ({ byteOrder, engine }) => {
  it('hands each message to the handler of its name', () => {
    const { decoder, seen } = collecting(byteOrder, engine);
    const decode = (parts: readonly Part[]) => {
      const view = exactView(pack(byteOrder, parts));
      return decoder.decode(view, 0, view.byteLength);
    };
    const results = [
      decode([...head(129, 1), ...everyBody]),
      decode([...head(2, 2), ...nestedBody]),
      decode([...head(1, 3, 1), ['u8', 9]]),
      decode([...head(1, 3, 2), ['u8', 9]]),
      decode(head(0, 4)),
      decode([...head(2, 4, 9), ['zeros', 9]]),
      decode([...head(1, 5), ['u8', 9]]),
      decode(head(1, 5)),
      decode(head(1, 4)),
      decode([...head(2, 2), ['u16', 1], ['u16', 6], ['u8', 255], ['zeros', 99]]),
      decode(head(0, 6)),
      decode(head(0, 4, 2, 8)),
      decode(head(0, 4).slice(1)),
      decode([]),
    ];
    expect(results).toEqual([true, true, true, false, true, true, true, ...new Array(7).fill(false)]);
    expect(seen.map((one) => (one as unknown[]).filter((part) => typeof part !== 'object'))).toEqual([
      ['Every'],
      ['Nested'],
      ['Gone'],
      ['unknown', 0, 9],
      ['Bare'],
      ['Bare'],
      ['sbe-block', 'Unhandled'],
      ['sbe-block', 'Bare'],
      ['sbe-group', 'Nested.Plain'],
      ['unknown', 0, 8],
      ['unknown', 0, 8],
      ['unknown', 0, 6],
      ['unknown', 0, 0],
    ]);
  });

  it('handlers are called on themselves; without any, messages are checked all the same', () => {
    const schema = everySchema(byteOrder);
    const classes = buildSbeAccessors(schema, engine);
    class Counter {
      bare = 0;
      unknown = 0;
      faults = 0;
      Bare() {
        this.bare++;
      }
      onUnknown() {
        this.unknown++;
      }
      onFault() {
        this.faults++;
      }
    }
    const counter = new Counter();
    const counting = buildSbeDecoder(schema, classes, counter, engine);
    const silent = buildSbeDecoder(schema, classes, {}, engine);
    const results = [head(0, 4), head(0, 6), head(1, 4)].map((parts) => {
      const view = exactView(pack(byteOrder, parts));
      return [counting.decode(view, 0, 8), silent.decode(view, 0, 8)];
    });
    expect(results).toEqual([
      [true, true],
      [false, false],
      [false, false],
    ]);
    expect({ ...counter }).toEqual({ bare: 1, unknown: 1, faults: 1 });
  });

  it('packets by the sizes of their messages', () => {
    const { decoder, seen } = collecting(byteOrder, engine);
    const sized = (parts: readonly Part[]) => {
      const bytes = pack(byteOrder, parts);
      return [(bytes.length + 2) & 0xff, (bytes.length + 2) >> 8, ...bytes];
    };
    const packet = (...bytes: number[]) => {
      const view = exactView(Uint8Array.from([7, 7, ...bytes]));
      const end = decoder.decodePacket(view, 2, view.byteLength);
      return [end, seen.splice(0).map((one) => (one as unknown[])[0])];
    };
    const [bare, gone, unknown] = [sized(head(0, 4)), sized([...head(1, 3, 1), ['u8', 1]]), sized(head(0, 6))];
    expect([
      packet(),
      packet(...bare, ...unknown, ...gone),
      packet(...bare, 5),
      packet(...bare, 0, 0, 9),
      packet(...bare, 1, 0),
      packet(...bare, 2, 0, ...bare),
      packet(...bare, ...gone.slice(0, -1)),
    ]).toEqual([
      [2, []],
      [33, ['Bare', 'unknown', 'Gone']],
      [12, ['Bare']],
      [12, ['Bare']],
      [12, ['Bare']],
      [24, ['Bare', 'unknown', 'Bare']],
      [12, ['Bare']],
    ]);
  });

  it('what lies outside of the message changes nothing, whatever it claims', () => {
    const whole = [pack(byteOrder, [...head(129, 1), ...everyBody]), pack(byteOrder, [...head(2, 2), ...nestedBody])];
    const lies = whole.flatMap((bytes) => [
      ...Array.from({ length: bytes.length }, (_, length) => bytes.slice(0, length)),
      ...Array.from({ length: bytes.length }, (_, at) =>
        [0x00, 0x01, 0x7f, 0xff].map((value) => {
          const changed = bytes.slice();
          changed[at] = value;
          return changed;
        }),
      ).flat(),
    ]);
    const results = [0x00, 0xff].map((poison) => {
      const { decoder, seen } = collecting(byteOrder, engine);
      const verdicts = lies.map((bytes) => {
        const { view, offset } = poisonedView(bytes, poison);
        return decoder.decode(view, offset, bytes.length);
      });
      return { verdicts, seen };
    });
    expect(results[0]).toEqual(results[1]);
    const { decoder } = collecting(byteOrder, engine);
    const exact = lies.map((bytes) => decoder.decode(exactView(bytes), 0, bytes.length));
    expect(exact).toEqual(results[0]?.verdicts);
    expect(exact.filter(Boolean).length).toBeGreaterThan(100);
  });
});

describe('MDP 3.0', () => {
  const level = { MDEntrySize: null, RptSeq: 1, NumberOfOrders: 2, MDPriceLevel: 1, TradeableSize: null };
  const named = { MDEntryPx: '2077.75', MDUpdateAction: 'Change', MDEntryType: 'Offer', SecurityID: 7 };
  const values = {
    ...{ type: '46', version: 13, TransactTime: '1', MatchEventIndicator: ['EndOfEvent'] },
    ...{ NoMDEntries: [{ ...level, ...named }], NoOrderIDEntries: [] },
  };

  it('handlers are typed by the table', () => {
    const seen: unknown[] = [];
    const decoder = mdp3.createDecoder({
      MDIncrementalRefreshBook46(book) {
        const { NoMDEntries: level, MatchEventIndicatorEndOfEvent: isEnd } = book;
        expectTypeOf(isEnd).toEqualTypeOf<boolean>();
        expectTypeOf(level.MDEntryPx).toEqualTypeOf<number>();
        expectTypeOf(level.MDUpdateAction).toEqualTypeOf<
          'New' | 'Change' | 'Delete' | 'DeleteThru' | 'DeleteFrom' | 'Overlay' | null
        >();
        // @ts-expect-error The template has no such field.
        expect(level.MDEntryPrice).toBe(undefined);
        while (level.next()) seen.push([level.MDEntryPx, level.MDUpdateAction, level.MDEntryType, level.SecurityID]);
        seen.push(isEnd);
      },
      // @ts-expect-error There is no such template.
      MDIncrementalRefreshBook45() {},
    });
    const bytes = mdp3.encode(values);
    expect(decoder.decode(new DataView(bytes.buffer), bytes.byteOffset, bytes.length)).toBe(true);
    expect(seen).toEqual([[2077.75, 'Change', 'Offer', 7], true]);
  });

  it('decodes by interpreter where no code may be generated', () => {
    const script = `
      import { canGenerateCode, mdp3 } from 'tickreel';
      const bytes = mdp3.encode(${JSON.stringify(values)});
      const seen = [];
      const decoder = mdp3.createDecoder({
        MDIncrementalRefreshBook46({ NoMDEntries: level }) { while (level.next()) seen.push(level.MDEntryPx); },
      });
      decoder.decode(new DataView(bytes.buffer), bytes.byteOffset, bytes.length);
      console.log(JSON.stringify([canGenerateCode(), seen]));`;
    const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '-e', script];
    expect(execFileSync(process.execPath, flags, { cwd: projectRoot, encoding: 'utf8' })).toBe('[false,[2077.75]]\n');
  });
});
