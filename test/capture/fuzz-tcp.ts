/** Mutated TCP segments: what was readable before stays as it was, and memory is bounded after. */
import { TcpHeader } from '../../src/capture/tcp.js';
import { PIECE_COST } from '../../src/capture/tcp-holes.js';
import { TcpStreams } from '../../src/capture/tcp-streams.js';
import { Random } from '../../src/core/random.js';
import { damage } from './mutate.js';
import { A, F, R, reverse, S, tcp, tcpFlow } from './tcp-drive.js';

const maxPendingBytes = 6 * PIECE_COST;
const maxTotalPendingBytes = 10 * PIECE_COST;
const flows = [tcpFlow(0), tcpFlow(1), reverse(tcpFlow(0))];

/** Checks `count` sequences of segments, each made from its own seed; the seed is in what is thrown. */
export function fuzzTcp(firstSeed: number, count: number): void {
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    try {
      checkOne(new Random(seed));
    } catch (error) {
      throw new Error(`seed ${seed}: ${(error as Error).message}`, { cause: error });
    }
  }
}

function checkOne(random: Random): void {
  const first = random.pick([0, 0xffff_ffe0, 0x7fff_fff0, random.nextUint32()]);
  const text = Array.from({ length: 100 + random.below(100) }, (_, index) =>
    String.fromCharCode(32 + (index % 90)),
  ).join('');
  const segments = soundSegments(text, first, random);
  const broken = random.below(segments.length);
  const streams = new TcpStreams({ onDamage: () => {}, maxDirections: 2, maxPendingBytes, maxTotalPendingBytes });
  const header = new TcpHeader();
  let read = '';
  let sent = 0;
  for (const [index, sound] of segments.entries()) {
    const bytes = index < broken || random.below(2) === 0 ? sound : damage(sound, random).bytes;
    const captured = random.below(30) === 0 && index >= broken ? bytes.slice(0, random.below(bytes.length + 1)) : bytes;
    const view = new DataView(captured.buffer, captured.byteOffset, captured.length);
    if (header.read(view, 0, bytes.length, captured.length) !== 'ok') continue;
    sent += bytes.length;
    const flow = index < broken ? flows[0] : flows[random.pick([0, 0, 0, 1, 2])];
    streams.segment(view, header, captured.length, flow as (typeof flows)[number], index, 0, index + 1, 0);
    read += drain(streams);
    if (streams.pendingBytes > maxTotalPendingBytes) throw new Error(`${streams.pendingBytes} bytes wait`);
    if (index < broken && !text.startsWith(read)) throw new Error(`read ${JSON.stringify(read)}`);
  }
  streams.end();
  read += drain(streams);
  if (streams.pendingBytes !== 0) throw new Error('something waits after the end');
  if (read.length !== streams.counts.bytes || read.length > sent) throw new Error(`${read.length} bytes of ${sent}`);
}

/** The stream in segments that overlap and come out of order by one, its opening first and its end last. */
function soundSegments(text: string, first: number, random: Random): Uint8Array[] {
  const segments: Uint8Array[] = [];
  for (let at = 0; at < text.length; ) {
    const from = Math.max(0, at - (random.below(4) === 0 ? random.below(20) : 0));
    const to = Math.min(text.length, at + 1 + random.below(30));
    const flags = to === text.length ? F : A;
    const acknowledgment = first + random.below(text.length);
    const data = Buffer.from(text.slice(from, to));
    segments.push(tcp((first + 1 + from) >>> 0, flags, data, 5 + random.below(3), acknowledgment));
    at = to;
  }
  for (let index = 1; index < segments.length; index += 2) {
    if (random.below(5) > 0) continue;
    const before = segments[index - 1] as Uint8Array;
    segments[index - 1] = segments[index] as Uint8Array;
    segments[index] = before;
  }
  const end = random.below(4) === 0 ? [tcp((first + 1 + text.length) >>> 0, R, new Uint8Array(0))] : [];
  return [tcp(first, S, new Uint8Array(0)), ...segments, ...end];
}

function drain(streams: TcpStreams): string {
  let read = '';
  while (streams.next()) {
    const { view, offset, length } = streams;
    read += Buffer.from(view.buffer, view.byteOffset + offset, length).toString('latin1');
  }
  return read;
}
