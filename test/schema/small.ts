/** A protocol of two messages with every kind of field, text of awkward lengths among them. */
import { alpha, char, u8, u16, u32, u48, u64 } from '../../src/schema/field.js';
import { message, protocol } from '../../src/schema/table.js';

const every = message(
  'E',
  'Every',
  49,
  [
    u48('timestamp', 1, { unit: 'ns since midnight' }),
    u8('tiny', 7),
    u16('small', 8),
    u32('price', 10, { decimals: 4 }),
    u64('level', 14, { decimals: 8 }),
    u64('id', 22),
    char('side', 30, { B: 'buy', S: 'sell', ' ': 'none' }),
    alpha('one', 31, 1),
    alpha('three', 32, 3, { values: { AB: 'two letters', '': 'none' } }),
    alpha('fourteen', 35, 14, { note: 'a | b' }),
  ],
  { section: '1.1', summary: 'every kind of field' },
);

/** The least that a message may be. */
const bare = message('"', 'Bare', 7, [u48('timestamp', 1)], { section: '1.2', summary: 'nothing but its time' });

export const small = protocol({
  id: 'small',
  name: 'Small',
  version: '1',
  timestamp: 'timestamp',
  messages: [every, bare],
});

/** `Every` with given text in its last field, other fields at fixed values. */
export function everyBytes(text = 'HELLO'): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(49).fill(0x20);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(1, 1);
  view.setUint32(3, 2);
  view.setUint8(7, 255);
  view.setUint16(8, 65_535);
  view.setUint32(10, 123_400);
  view.setBigUint64(14, 18_446_744_073_709_551_615n);
  view.setBigUint64(22, 9_007_199_254_740_993n);
  view.setUint8(30, 0x42);
  for (let index = 0; index < text.length; index++) view.setUint8(35 + index, text.charCodeAt(index));
  return bytes;
}
