import { expect, test } from 'vitest';
import { TcpHeader, type TcpVerdict } from '../../src/capture/tcp.js';
import { S, tcp } from './tcp-drive.js';

test('ports, sequence, acknowledgment, flags and payload, behind options', () => {
  const header = new TcpHeader();
  const bytes = Buffer.concat([Buffer.alloc(3), tcp(0xfffffffe, S, Buffer.from('ab'), 8, 0xfffffffd)]);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  expect(header.read(view, 3, bytes.length, bytes.length)).toBe('ok');
  const numbers = { ports: (1000 << 16) | 7000, sequence: -2, acknowledgment: -3 };
  expect({ ...header }).toEqual({ ...numbers, flags: S, payload: 35, end: 37 });
});

test.each<[string, number, number, number, TcpVerdict]>([
  ['whole', 8, 40, 40, 'ok'],
  ['nothing but a header', 5, 20, 20, 'ok'],
  ['options cut', 8, 40, 24, 'ok'],
  ['header cut', 5, 40, 19, 'short'],
  ['no room for a header', 5, 19, 40, 'length'],
  ['data offset below the least', 4, 40, 40, 'header-length'],
  ['data offset of nothing', 0, 40, 40, 'header-length'],
  ['data offset behind the end', 15, 59, 59, 'header-length'],
])('%s', (_name, words, payloadEnd, capturedEnd, verdict) => {
  const view = new DataView(tcp(1, 0, new Uint8Array(60)).buffer);
  view.setUint8(12, words << 4);
  const captured = new DataView(view.buffer, 0, capturedEnd);
  expect(new TcpHeader().read(captured, 0, payloadEnd, capturedEnd)).toBe(verdict);
});
