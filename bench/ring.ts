/**
 * The hop through a ring, `npm run bench:ring -- [packets a second …]`: this thread writes at even deadlines, a worker
 * polls, and the time from one to the other is recorded by both on one clock.
 *
 * Printed beside it is how long each of the two threads was ready to run and was not, which only a machine with two
 * processors to spare keeps at 0: a wait there is in the hops, and no ring can help it.
 */
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import {
  type ClockBase,
  createRing,
  initHistograms,
  MonotonicClock,
  RingReader,
  RingWriter,
  SignedHistogram,
  waitedForCpuNs,
} from 'tickreel';

const ringBytes = 1 << 22;
const payloadBytes = 100;
const defaultRates = [1000, 10_000, 100_000, 1_000_000];

/** What one rate gave, in nanoseconds. */
export interface RingHop {
  perSecond: number;
  packets: number;
  p50: number;
  p90: number;
  p99: number;
  max: number;
  /** Null where the system does not tell. */
  writerWaited: number | null;
  readerWaited: number | null;
  /** Sum of the numbers of all records, by which a lost or doubled one shows. */
  checksum: number;
}

interface PollerData {
  memory: SharedArrayBuffer;
  base: ClockBase;
  /** The hops of so many first records are not counted: the code is compiled meanwhile. */
  unrecorded: number;
}

type Polled = Pick<RingHop, 'packets' | 'p50' | 'p90' | 'p99' | 'max' | 'readerWaited' | 'checksum'>;

/** Sends `packets` at an even rate after as many more to warm up. */
export async function measureRingHop(perSecond: number, packets: number): Promise<RingHop> {
  const memory = createRing(ringBytes);
  const clock = new MonotonicClock();
  const warm = Math.min(packets, 20_000);
  const data: PollerData = { memory, base: clock.base, unrecorded: warm };
  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: data });
  const failed = new Promise<never>((_, reject) => worker.once('error', reject));
  const next = <T>() => Promise.race([new Promise<T>((resolve) => worker.once('message', resolve)), failed]);
  await next<'ready'>();
  const polled = next<Polled>();
  const writer = new RingWriter(memory, { full: 'wait' });
  const payload = new DataView(new ArrayBuffer(payloadBytes));
  send(writer, clock, payload, warm, Math.max(perSecond, 100_000));
  const before = waitedForCpuNs();
  send(writer, clock, payload, packets, perSecond);
  const after = waitedForCpuNs();
  writer.close();
  const writerWaited = before === null || after === null ? null : after - before;
  return { perSecond, writerWaited, ...(await polled) };
}

function send(writer: RingWriter, clock: MonotonicClock, payload: DataView, packets: number, perSecond: number): void {
  const startNs = clock.nowNs();
  for (let sent = 0; sent < packets; sent++) {
    const dueNs = startNs + (sent * 1e9) / perSecond;
    while (clock.nowNs() < dueNs);
    writer.write(payload, 0, payloadBytes, 0, dueNs, clock.nowNs());
  }
}

async function poll({ memory, base, unrecorded }: PollerData): Promise<void> {
  await initHistograms();
  const clock = new MonotonicClock(base);
  const reader = new RingReader(memory);
  const hop = new SignedHistogram();
  let checksum = 0;
  let before: number | null = null;
  parentPort?.postMessage('ready');
  while (!reader.done) {
    if (!reader.poll()) continue;
    const hopNs = clock.nowNs() - reader.sentNs;
    if (reader.sequence >= unrecorded) hop.record(hopNs);
    else if (reader.sequence === unrecorded - 1) before = waitedForCpuNs();
    checksum += reader.sequence;
  }
  const after = waitedForCpuNs();
  const [p50, p90, p99] = [50, 90, 99].map((percentile) => hop.percentile(percentile)) as [number, number, number];
  const readerWaited = before === null || after === null ? null : after - before;
  const polled: Polled = { packets: hop.count, p50, p90, p99, max: hop.max, readerWaited, checksum };
  parentPort?.postMessage(polled);
  hop.destroy();
}

function print({ perSecond, packets, p50, p90, p99, max, writerWaited, readerWaited }: RingHop): void {
  const waited = [writerWaited, readerWaited].map((ns) => (ns === null ? '?' : (ns / 1e6).toFixed(1)));
  const cells = [perSecond, packets, p50, p90, p99, max, ...waited].map((cell) => String(cell).padStart(12));
  process.stdout.write(`${cells.join('')}\n`);
}

if (!isMainThread && (workerData as Partial<PollerData> | null)?.memory !== undefined) {
  await poll(workerData as PollerData);
} else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const rates = process.argv.length > 2 ? process.argv.slice(2).map(Number) : defaultRates;
  if (rates.some((rate) => !(rate > 0))) throw new Error('usage: npm run bench:ring -- [packets a second …]');
  const head = ['packets/s', 'packets', 'p50 ns', 'p90', 'p99', 'max', 'writer ms', 'reader ms'];
  process.stdout.write(`${head.map((cell) => cell.padStart(12)).join('')}  (ms: waited for a processor)\n`);
  for (const rate of rates) print(await measureRingHop(rate, Math.min(rate * 3, 1_000_000)));
}
