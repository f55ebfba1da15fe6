/** How long messages are by their headers, what they are, and lies of every kind; nothing outside is ever read. */
import { describe, expect, it } from 'vitest';
import { createWalker, mostEmptyEntries } from '../../../src/schema/sbe/walk.js';
import {
  byteOrders,
  everyBody,
  everySchema,
  exactView,
  group,
  head,
  nestedBody,
  type Part,
  pack,
  poisonedView,
} from './every.js';

describe.each(byteOrders)('walk, %s', (byteOrder) => {
  const walker = createWalker(everySchema(byteOrder));
  const read = (parts: readonly Part[]) => {
    const view = exactView(pack(byteOrder, parts));
    return {
      extent: walker.extentOf(view, 0, view.byteLength),
      name: walker.messageAt(view, 0, view.byteLength)?.name,
      fault: walker.fault(view, 0, view.byteLength),
    };
  };

  it('whole messages', () => {
    const whole = (parts: readonly Part[]) => {
      const { extent, name, fault } = read(parts);
      return [name, extent, fault];
    };
    expect([
      whole([...head(129, 1), ...everyBody]),
      whole([...head(2, 2), ...nestedBody]),
      whole(head(0, 4)),
      whole([...head(3, 4, 99), ['zeros', 10]]),
      whole([...head(2, 2, 1), ['u16', 1], ...group(6, 0), ...group(1, 0), ['u8', 0]]),
      whole([...head(2, 2, 0), ['u16', 1], ...group(65_535, 0), ...group(1, 0), ['u8', 0], ['zeros', 5]]),
      whole([...head(1, 3, 1), ['u8', 1]]),
    ]).toEqual([
      ['Every', 137, null],
      ['Nested', 98, null],
      ['Bare', 8, null],
      ['Bare', 11, null],
      ['Nested', 17, null],
      ['Nested', 17, null],
      ['Gone', 9, null],
    ]);
  });

  it('unknown messages have no fault, headers cut short have', () => {
    expect(read([...head(1, 3, 2), ['u8', 1]])).toEqual({ extent: -1, name: undefined, fault: null });
    expect(read(head(0, 6))).toEqual({ extent: -1, name: undefined, fault: null });
    expect(read(head(0, 65_535))).toEqual({ extent: -1, name: undefined, fault: null });
    expect(read(head(0, 4, 2, 8))).toEqual({ extent: -1, name: undefined, fault: null });
    const cut = { code: 'sbe-header', path: 'every', offset: 0, message: '6 bytes are no message header of 8' };
    expect(read(head(0, 4).slice(1))).toEqual({ extent: -1, name: undefined, fault: cut });
    expect(read([])).toMatchObject({ extent: -1, name: undefined, fault: { code: 'sbe-header' } });
  });

  it('lies', () => {
    const lie = (parts: readonly Part[]) => {
      const { extent, name, fault } = read(parts);
      expect([extent, name]).toEqual([-1, fault?.path.split('.')[0]]);
      return `${fault?.code} ${fault?.path} at ${fault?.offset}: ${fault?.message}`;
    };
    const nested: readonly Part[] = [...head(2, 2), ['u16', 1]];
    const empty: readonly Part[] = [...nested, ...group(6, 0), ...group(1, 0)];
    expect([
      lie(head(1, 4)),
      lie([...head(0xffff, 1), ...everyBody]),
      lie([...nested, ['u16', 6]]),
      lie([...nested, ...group(6, 255), ['zeros', 20]]),
      lie([...nested, ...group(0xffff, 1), ['zeros', 100]]),
      lie([...nested, ...group(6, 1), ['zeros', 5]]),
      lie([...empty, ...group(1, 1)]),
      lie([...empty, ...group(1, 1), ['u8', 1]]),
      lie([...empty, ...group(1, 2), ['u8', 1], ...group(0, 0), ...group(0, 0), ['u8', 0]]),
      lie([...empty, ...group(1, 1), ['u8', 1], ...group(2, 1), ['u16', 1], ['u16', 3], ['u16', 9], ['zeros', 26]]),
      lie([...empty, ...group(1, 1), ['u8', 1], ...group(0, 0), ...group(0, 0), ['u8', 4], ['zeros', 3]]),
      lie([...empty, ...group(1, 0), ['u8', 200], ['zeros', 199]]),
      lie([...empty, ...group(1, 0), ['u8', 0], ['u8', 0]]),
    ]).toEqual([
      'sbe-block Bare at 0: a block of 1 bytes where 0 follow the header',
      'sbe-block Every at 0: a block of 65535 bytes where 129 follow the header',
      'sbe-group Nested.Plain at 10: 2 bytes where a header of 3 should stand',
      'sbe-group Nested.Plain at 10: 255 entries of 6 bytes where 20 bytes are left and at most 255 of them are allowed',
      'sbe-group Nested.Plain at 10: 1 entries of 65535 bytes where 100 bytes are left and at most 255 of them are allowed',
      'sbe-group Nested.Plain at 10: 1 entries of 6 bytes where 5 bytes are left and at most 255 of them are allowed',
      'sbe-group Nested.Outer at 16: 1 entries of 1 bytes where 0 bytes are left and at most 255 of them are allowed',
      'sbe-group Nested.Outer.Inner at 20: 0 bytes where a header of 3 should stand',
      'sbe-group Nested.Outer at 16: 2 entries of 1 bytes where 8 bytes are left and at most 255 of them are allowed',
      'sbe-group Nested.Outer.Inner.Deep at 25: 9 entries of 3 bytes where 26 bytes are left and at most 65535 of them are allowed',
      'sbe-data Nested.Outer.Note at 26: 4 bytes of data where 3 bytes are left and at most 255 are allowed',
      'sbe-data Nested.Text at 19: 200 bytes of data where 199 bytes are left and at most 255 are allowed',
      'sbe-data Nested.Bytes at 20: 1 bytes where a header of 2 should stand',
    ]);
  });

  it('entries without bytes do not multiply', () => {
    const empties = (deep: number, inner: number) => [
      ...head(2, 2, 1),
      ...([['u16', 1], ...group(6, 0), ...group(0, 1)] as Part[]),
      ...group(0, inner),
      ...Array.from({ length: inner }, (): Part[] => [
        ['u16', 0],
        ['u16', deep],
      ]).flat(),
      ...([
        ['u8', 0],
        ['u8', 0],
      ] as Part[]),
    ];
    expect(read(empties(1, 200))).toMatchObject({ fault: null });
    expect(read(empties(mostEmptyEntries - 2, 1))).toMatchObject({ fault: null });
    expect(read(empties(mostEmptyEntries - 1, 1))).toMatchObject({
      extent: -1,
      fault: { path: 'Nested.Outer.Inner.Deep' },
    });
    expect(read(empties(mostEmptyEntries, 255))).toMatchObject({ extent: -1, fault: { offset: 19 } });
  });

  it('what lies outside of the bytes given changes nothing', () => {
    const bytes = pack(byteOrder, [...head(2, 2), ...nestedBody]);
    const verdicts = [0x00, 0xff].map((poison) =>
      Array.from({ length: bytes.length + 1 }, (_, length) => {
        const { view, offset } = poisonedView(bytes.subarray(0, length), poison);
        const fault = walker.fault(view, offset, length);
        return [walker.extentOf(view, offset, length), walker.messageAt(view, offset, length)?.name, fault];
      }),
    );
    expect(verdicts[0]).toEqual(verdicts[1]);
    expect(verdicts[0]?.map(([extent]) => extent)).toEqual([...new Array(bytes.length).fill(-1), bytes.length]);
  });
});
