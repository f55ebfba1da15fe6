import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SoupRequestDecoder } from '../../src/session/soupbintcp-request.js';
import { loginRequest, soupPacket } from '../support/soup-client.js';
import { concat } from './support.js';

/** What the decoder tells, as lines, of the bytes in chunks of these lengths (the last repeats). */
function decode(bytes: Uint8Array, lengths: readonly number[] = [bytes.length]): string[] {
  const told: string[] = [];
  const decoder = new SoupRequestDecoder({
    onLogin: (login) => told.push(`login ${Object.values(login).join('|')}`),
    onLogout: () => told.push('logout'),
    onUnsequenced: () => told.push('unsequenced'),
    onMalformed: () => told.push('malformed'),
  });
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const length = Math.max(1, lengths[Math.min(turn, lengths.length - 1)]);
    decoder.push(bytes.subarray(at, at + length));
    at += length;
  }
  return told;
}

describe('SoupRequestDecoder', () => {
  test('loginRequest', () => {
    const fields = { username: 'Me', password: 'secret', session: 'ABC', sequence: 17 };
    expect(decode(loginRequest(fields))).toEqual(['login Me|secret|ABC|17']);
    expect(decode(loginRequest({ sequence: 0 }))).toEqual(['login |||0']);
    expect(decode(loginRequest({ username: 'sixsix', password: 'tententent', session: 'tententent' }))).toEqual([
      'login sixsix|tententent|tententent|1',
    ]);
  });

  test.each(['', 'x', '-1', '1.5', '1e3', '0x10'])('sequence %j is no number', (sequence) => {
    expect(decode(loginRequest({ sequence }))).toEqual(['login |||NaN']);
  });

  test('debug and heartbeats are passed over, unsequenced data is counted', () => {
    const bytes = concat(
      soupPacket('+', 'hello'),
      soupPacket('R'),
      soupPacket('+'),
      loginRequest({}),
      soupPacket('U', new Uint8Array(65_534)),
      soupPacket('U'),
      soupPacket('R'),
      soupPacket('O'),
    );
    expect(decode(bytes)).toEqual(['login |||1', 'unsequenced', 'unsequenced', 'logout']);
  });

  test.each<[string, Uint8Array]>([
    ['an unknown type', soupPacket('X')],
    ["a server's type", soupPacket('S', 'data')],
    ['a login that is too short', soupPacket('L', 'x'.repeat(45))],
    ['a login that is too long', soupPacket('L', 'x'.repeat(47))],
    ['a heartbeat with text', soupPacket('R', 'x')],
    ['a logout with text', soupPacket('O', 'x')],
    ['no type', Buffer.from('\0\0R', 'latin1')],
    ['another protocol', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ])('malformed: %s; nothing behind it is read', (_name, bytes) => {
    expect(decode(concat(soupPacket('R'), bytes, soupPacket('O')))).toEqual(['malformed']);
  });

  test('the same in chunks of any length', () => {
    const one = fc.oneof(
      fc.constant(loginRequest({ sequence: 5 })),
      fc.constantFrom('R', 'O').map((type) => soupPacket(type)),
      fc
        .tuple(fc.constantFrom('+', 'U'), fc.uint8Array({ maxLength: 70 }))
        .map(([type, text]) => soupPacket(type, text)),
      fc.uint8Array({ maxLength: 10 }),
    );
    const lengths = fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1 });
    fc.assert(
      fc.property(fc.array(one), lengths, (packets, cuts) => {
        const bytes = concat(...packets);
        expect(decode(bytes, cuts)).toEqual(decode(bytes));
      }),
    );
  });
});
