/**
 * A program that only counts, for tests: messages of ITCH from its standard input (behind their lengths) or from UDP
 * (MoldUDP64), told by HTTP, in lines or at a socket. What WRONG names goes wrong.
 *
 * `counting.mjs [--udp PORT] [--http PORT] [--lines] [--unix PATH]`
 */
import { createSocket } from 'node:dgram';
import { createServer } from 'node:http';
import { createServer as createSocketServer } from 'node:net';

const wrong = process.env.WRONG ?? '';
const option = (name) => (process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : null);
const counts = { messages: Number(process.env.BASE ?? 0), packets: 0, A: 0, D: 0 };

let seen = 0;

function take(type) {
  if (wrong === 'misses-adds' && type === 0x41 && seen++ % 500 === 7) return;
  counts.messages += wrong === 'doubles' ? 2 : 1;
  if (type === 0x41) counts.A++;
  if (type === 0x44) counts.D++;
  if (wrong === 'dies' && counts.messages === 1000) process.exit(5);
}

function text(url) {
  if (url === '/stats')
    return JSON.stringify({ feeds: [{ counted: String(counts.messages), packets: counts.packets }] });
  const shown = wrong === 'no-number' ? 'many' : counts.messages;
  // It has been seen to count by then.
  if (wrong === 'begins-anew' && counts.messages > 3000) counts.messages = 5;
  return [
    '# HELP itch_messages_total Messages of ITCH.',
    '# TYPE itch_messages_total counter',
    `itch_messages_total{feed="A",note="a \\"quoted\\" {name}"} ${shown}`,
    'itch_messages_total{feed="B"} 2',
    `itch_type_total{type="A"} ${counts.A} 1767623400000`,
    `itch_type_total{type="D"} ${counts.D}.0`,
    `itch_packets_total ${counts.packets}`,
    '',
  ].join('\n');
}

const http = option('--http');
if (http !== null) {
  createServer((request, response) => {
    if (wrong === 'silent') return;
    response.statusCode = wrong === 'status' ? 503 : 200;
    response.end(text(request.url));
  }).listen(http, '127.0.0.1');
}

if (process.argv.includes('--unix')) {
  createSocketServer((socket) => {
    socket.on('error', () => {}).on('data', () => socket.write(`${counts.messages}\n`));
  }).listen(process.argv[process.argv.indexOf('--unix') + 1]);
}

const isPrinting = process.argv.includes('--lines');
function print() {
  if (!isPrinting) return;
  if (wrong === 'prints-nothing') return console.log('ready to work');
  console.log(`handled ${counts.messages} messages, ${counts.A} adds`);
}

const udp = option('--udp');
if (udp !== null) {
  const socket = createSocket({ type: 'udp4', recvBufferSize: 4 << 20 });
  socket.on('message', (data) => {
    counts.packets++;
    const count = data.readUInt16BE(18);
    for (let index = 0, at = 20; index < count && count !== 0xffff && at + 2 < data.length; index++) {
      take(data[at + 2]);
      at += 2 + data.readUInt16BE(at);
    }
  });
  socket.bind(udp, '127.0.0.1', () => console.error('listening'));
  process.on('SIGTERM', () => {
    print();
    process.exit(0);
  });
} else {
  let rest = Buffer.alloc(0);
  process.stdin.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    let at = 0;
    for (; at + 2 <= rest.length && at + 2 + rest.readUInt16BE(at) <= rest.length; at += 2 + rest.readUInt16BE(at)) {
      if (rest.readUInt16BE(at) > 0) take(rest[at + 2]);
    }
    rest = rest.subarray(at);
    print();
  });
  process.stdin.on('end', () => print());
}
