import { describe, expect, test } from 'vitest';
import {
  encodeSession,
  patchSequence,
  patchSession,
  readMessageCount,
  readSequence,
  readSession,
  writeHeader,
  writeRequest,
} from '../../src/session/moldudp64.js';
import { embed, text } from './support.js';

const bytesOf = (view: DataView) => Buffer.from(view.buffer).toString('hex');

describe('writeHeader', () => {
  // Bytes by hand from the specification's table: session at 0, sequence at 10, count at 18.
  const vectors: [string, string, number, number, string][] = [
    ['full name', 'ABCDEFGHIJ', 1, 2, '4142434445464748494a00000000000000010002'],
    ['padded name', 'A1', 0x1_2345_6789, 0, '41312020202020202020000000012345678900' + '00'],
    ['greatest exact number', '', Number.MAX_SAFE_INTEGER, 0xffff, '20202020202020202020001fffffffffffffffff'],
  ];
  test.each(vectors)('%s', (_name, session, sequence, count, hex) => {
    const view = new DataView(new ArrayBuffer(22));
    expect(writeHeader(view, 1, encodeSession(session), sequence, count)).toBe(21);
    expect(bytesOf(view)).toBe(`00${hex}00`);
    expect([readSession(view, 1), readSequence(view, 1), readMessageCount(view, 1)]).toEqual([
      session,
      sequence,
      count,
    ]);
  });
});

describe('requestPacket', () => {
  test('is a header', () => {
    const view = new DataView(new ArrayBuffer(20));
    expect(writeRequest(view, 0, encodeSession('S'), 7, 0xfffe)).toBe(20);
    expect(bytesOf(view)).toBe('53202020202020202020' + '0000000000000007' + 'fffe');
  });

  test.each([0, 0xffff, -1, Number.NaN])('does not ask for %d messages', (count) => {
    const view = new DataView(new ArrayBuffer(20));
    expect(() => writeRequest(view, 0, encodeSession('S'), 7, count)).toThrow(/1 to 65534/);
    expect(bytesOf(view)).toBe('00'.repeat(20));
  });
});

describe('readSession', () => {
  const vectors: [string, string, string][] = [
    ['spaces behind', 'A         ', 'A'],
    ['spaces before', '         A', 'A'],
    ['space inside', 'A B       ', 'A B'],
    ['NULs behind', 'AB\0\0\0\0\0\0\0\0', 'AB'],
    ['all NUL', '\0'.repeat(10), ''],
    ['bytes that do not print', 'A\x01\xff       ', 'A\\x01\\xff'],
  ];
  test.each(vectors)('%s', (_name, raw, session) => {
    const { view, offset } = embed(text(raw));
    expect(readSession(view, offset)).toBe(session);
  });
});

test.each(['ELEVEN CHAR', 'tab\t', 'é'])('encodeSession refuses %j', (name) => {
  expect(() => encodeSession(name)).toThrow(/10 printable ASCII/);
});

test('patchSession and patchSequence change their fields and nothing else', () => {
  const view = new DataView(new Uint8Array(24).fill(0xaa).buffer);
  patchSession(view, 2, encodeSession('NEW'));
  expect(bytesOf(view)).toBe(`aaaa4e455720202020202020${'aa'.repeat(12)}`);
  patchSequence(view, 2, 2 ** 53 - 2);
  expect(bytesOf(view)).toBe('aaaa' + '4e455720202020202020' + '001ffffffffffffe' + 'aaaaaaaa');
});
