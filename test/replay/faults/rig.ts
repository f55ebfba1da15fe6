/** Packets for faults to befall: numbered MoldUDP64, so many nanoseconds apart, and what became of them. */
import { flowBetween } from '../../../src/capture/endpoint.js';
import type { Flow } from '../../../src/core/seams.js';
import { DrawnFaults } from '../../../src/replay/faults/drawn-faults.js';
import type { FaultPlan } from '../../../src/replay/faults/fault.js';
import { FaultEngine, type FaultEngineOptions } from '../../../src/replay/faults/fault-engine.js';
import { formatLogEnd, formatLogEntry, formatLogHead } from '../../../src/replay/faults/fault-log.js';
import { LineFinder } from '../../../src/replay/faults/lines.js';
import { LoggedFaults } from '../../../src/replay/faults/logged-faults.js';
import { parseFaults } from '../../../src/replay/faults/parse.js';
import { encodeSession, HEADER_LENGTH, writeHeader } from '../../../src/session/moldudp64-header.js';

export const flowA = flowBetween('UDP', { address: '10.0.0.1', port: 1 }, { address: '239.1.1.1', port: 26477 });
export const flowB = flowBetween('UDP', { address: '10.0.0.2', port: 1 }, { address: '239.1.1.2', port: 26477 }, 1);
const session = encodeSession('FAULTS');
const before = 4;

export interface Sent {
  readonly flow: Flow;
  readonly dueNs: number;
  readonly bytes: string;
  readonly payloadSum: number;
  /** Of the first message, as the bytes say. */
  readonly sequence: number;
  readonly messages: number;
}

export interface RigOptions {
  readonly packets?: number;
  readonly gapNs?: number | ((index: number) => number);
  readonly seed?: number | string;
  /** Payload bytes behind the header. */
  readonly bytes?: number | ((index: number) => number);
  readonly messages?: number;
  /** Each packet comes on each of them. */
  readonly flows?: readonly Flow[];
  readonly loops?: number;
  readonly engine?: Partial<FaultEngineOptions>;
}

export interface Ran {
  readonly sent: Sent[];
  readonly engine: FaultEngine;
  readonly drawn: DrawnFaults | null;
  readonly log: string[];
}

export function planOf(text: string, seed: number | string = 1): FaultPlan {
  return { faults: text === '' ? [] : parseFaults(text, '--fault'), seed };
}

/** Plays packets through faults as written. */
export function play(text: string, options: RigOptions = {}): Ran {
  const plan = planOf(text, options.seed);
  const lines = finder();
  const drawn = new DrawnFaults(plan, (fault, line, flow) => lines.takesIn(fault.scope, line, flow));
  return {
    ...run(
      { decider: drawn, lines },
      options,
      formatLogHead(
        plan.faults.map(({ text }) => text),
        plan.seed,
      ),
    ),
    drawn,
  };
}

/** Plays them through the faults of a log. */
export function replay(log: readonly string[], options: RigOptions = {}): Ran {
  const left = [...log];
  const decider = new LoggedFaults(() => left.shift() ?? null, 'faults.ndjson');
  return { ...run({ decider, lines: finder() }, options, log[0]), drawn: null };
}

function run(own: Pick<FaultEngineOptions, 'decider' | 'lines'>, options: RigOptions, head: string) {
  const log = [head];
  const engine = new FaultEngine({
    ...own,
    framingOf: () => 'moldudp64',
    onAction: ({ packet, line }, action) => log.push(formatLogEntry(packet, line, action)),
    ...options.engine,
  });
  const sent = drive(engine, options);
  log.push(formatLogEnd(engine.taken, true));
  return { sent, engine, log };
}

function finder(): LineFinder {
  return new LineFinder({ nameOf: (flow) => (flow === flowB ? 'B' : 'A') });
}

function drive(engine: FaultEngine, options: RigOptions): Sent[] {
  const { packets = 1000, gapNs = 1000, bytes = 40, messages = 3, flows = [flowA], loops = 1 } = options;
  const sent: Sent[] = [];
  const step = () => {
    while (engine.step()) sent.push(sentBy(engine));
  };
  let dueNs = 0;
  for (let loop = 1; loop <= loops; loop++) {
    for (let index = 0; index < packets; index++) {
      const length = HEADER_LENGTH + (typeof bytes === 'number' ? bytes : bytes(index));
      for (const flow of flows) {
        const view = packet(index, length, messages);
        const at = { captureNs: dueNs, dueNs, feedLatencyNs: Number.NaN };
        if (!engine.take({ view, offset: before, length, flow, messages, ...at }, loop)) {
          engine.end(false);
          step();
          return sent;
        }
        step();
        // Bytes are borrowed no longer.
        new Uint8Array(view.buffer).fill(0xee);
      }
      dueNs += typeof gapNs === 'number' ? gapNs : gapNs(index);
    }
  }
  engine.end();
  step();
  return sent;
}

/** The packet at `before` of a view. */
function packet(index: number, length: number, messages: number): DataView<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(before + length));
  for (let at = HEADER_LENGTH; at < length; at++) view.setUint8(before + at, (index * 7 + at * 13) & 0xff);
  writeHeader(view, before, session, 1 + index * messages, messages);
  return view;
}

/** The bytes of the packet with this place among those of a rig, from 0. */
export function bytesOf(index: number, payloadBytes = 40, messages = 3): string {
  const view = packet(index, HEADER_LENGTH + payloadBytes, messages);
  return Buffer.from(view.buffer, before).toString('hex');
}

function sentBy({ view, offset, length, flow, dueNs, payloadSum, messages }: FaultEngine): Sent {
  const bytes = Buffer.from(view.buffer as ArrayBuffer, view.byteOffset + offset, length).toString('hex');
  const sequence = length >= 18 ? view.getUint32(offset + 14) : 0;
  return { flow, dueNs, bytes, payloadSum, sequence, messages };
}
