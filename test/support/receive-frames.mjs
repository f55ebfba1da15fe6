// Receives every frame that arrives on an interface and writes a pcap of them once its standard input ends:
//   node receive-frames.mjs IFACE FILE
// Its ring is the kernel's own for receiving (TPACKET_V2), which tells a VLAN tag that was taken off beside the frame.
import { writeFileSync } from 'node:fs';
import { libc } from '../../dist/io/native/libc.js';

const [iface, file] = process.argv.slice(2);
const library = libc();
const blockBytes = 1 << 20;
// Room for every frame of the longest test: a sender at full speed does not wait for this one.
const blocks = 96;
const slotBytes = 1 << 13;
const slots = (blockBytes / slotBytes) * blocks;
const [AF_PACKET, SOCK_RAW, SOL_PACKET, PACKET_RX_RING, PACKET_VERSION, ETH_P_ALL] = [17, 3, 263, 5, 10, 3];
const VLAN_VALID = 1 << 4;
const VLAN_TPID_VALID = 1 << 6;
const outgoing = 4;

const call = (prototype, ...args) => {
  const answer = library.declare(prototype)(...args);
  if (Number(answer) < 0) throw new Error(`${prototype}: errno ${library.errno()}`);
  return answer;
};
const addressOf = (array) => library.addressOf(array.buffer);
const socket = call('int socket(int domain, int type, int protocol)', AF_PACKET, SOCK_RAW, 0);
const setsockopt = (name, words) =>
  call(
    'int setsockopt(int fd, int level, int name, uintptr_t value, uint32_t valueBytes)',
    socket,
    SOL_PACKET,
    name,
    addressOf(words),
    words.byteLength,
  );
setsockopt(PACKET_VERSION, Int32Array.of(1));
setsockopt(PACKET_RX_RING, Uint32Array.of(blockBytes, blocks, slotBytes, slots));
const address = call(
  'uintptr_t mmap(uintptr_t address, size_t bytes, int protection, int flags, int fd, int64_t offset)',
  0,
  blockBytes * blocks,
  3,
  1,
  socket,
  0,
);
const memory = library.viewOf(address, blockBytes * blocks);
const ring = new DataView(memory);
const link = new DataView(new ArrayBuffer(20));
link.setUint16(0, AF_PACKET, true);
link.setUint16(2, ETH_P_ALL);
link.setInt32(4, call('uint32_t if_nametoindex(const char *name)', iface), true);
call('int bind(int fd, uintptr_t address, uint32_t bytes)', socket, library.addressOf(link.buffer), 20);

const records = [];
let slot = 0;
function drain() {
  for (; (ring.getUint32(slot * slotBytes, true) & 1) !== 0; slot = (slot + 1) % slots) {
    const at = slot * slotBytes;
    const status = ring.getUint32(at, true);
    const start = at + ring.getUint16(at + 12, true);
    // struct sockaddr_ll stands behind the header.
    const isOutgoing = ring.getUint8(at + 32 + 10) === outgoing;
    if (!isOutgoing) records.push(frameAt(at, start, status));
    ring.setUint32(at, 0, true);
  }
}

function frameAt(at, start, status) {
  const captured = Buffer.from(new Uint8Array(memory, start, ring.getUint32(at + 8, true)));
  if ((status & VLAN_VALID) === 0) return captured;
  const tag = Buffer.alloc(4);
  tag.writeUInt16BE((status & VLAN_TPID_VALID) === 0 ? 0x8100 : ring.getUint16(at + 26, true), 0);
  tag.writeUInt16BE(ring.getUint16(at + 24, true), 2);
  return Buffer.concat([captured.subarray(0, 12), tag, captured.subarray(12)]);
}

function pcap() {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b23c4d, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262_144, 16);
  header.writeUInt32LE(1, 20);
  const parts = records.flatMap((frame, index) => {
    const head = Buffer.alloc(16);
    head.writeUInt32LE(index, 0);
    head.writeUInt32LE(frame.length, 8);
    head.writeUInt32LE(frame.length, 12);
    return [head, frame];
  });
  return Buffer.concat([header, ...parts]);
}

const timer = setInterval(drain, 2);
process.stdin.on('end', () => {
  clearInterval(timer);
  drain();
  writeFileSync(file, pcap());
});
process.stdin.resume();
process.stdout.write('listening\n');
