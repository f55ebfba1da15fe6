/**
 * Faults on datagrams that are copied from capture to capture: what is delayed is stamped later, and written in the
 * order of the stamps.
 *
 * Times are those of the capture, counted from its first datagram and exact for 104 days either side of it; another
 * clock or pace is applied behind the faults.
 */
import type { Protocols } from '../analysis/protocols.js';
import type { DatagramReader, Flow } from '../core/seams.js';
import type { FaultEngine } from '../replay/faults/fault-engine.js';
import { noFilter } from '../replay/filter.js';
import { CaptureWindow } from '../replay/window.js';
import { CaptureGate } from './capture-gate.js';
import type { ConvertSpec } from './convert-spec.js';
import { type FaultSpec, type FaultsReport, openRunFaults, type RunFaults } from './run-faults.js';

/** Takes a datagram with its stamp; `payloadSum` as `FrameWriter.writeDatagram` has it. */
export type PutDatagram = (
  view: DataView,
  offset: number,
  length: number,
  flow: Flow,
  seconds: number,
  nanoseconds: number,
  payloadSum: number,
) => void;

export class FaultyCopy {
  private readonly faults: RunFaults;
  private readonly engine: FaultEngine;
  /** Tells what datagrams hold; it lets all of them pass. */
  private readonly gate: CaptureGate;
  private readonly put: PutDatagram;
  private baseSeconds = Number.NaN;
  private baseNanoseconds = 0;

  /** Opens the logs; throws SinkError, CaptureError or UsageError. */
  constructor(faults: FaultSpec, spec: ConvertSpec, protocols: Protocols, put: PutDatagram) {
    this.faults = openRunFaults(faults, protocols, { inputPaths: spec.input.paths });
    this.gate = new CaptureGate(spec.input, protocols, noFilter, new CaptureWindow({}), true);
    this.engine = this.faults.open((view, offset, length, flow) => this.gate.framingOf(view, offset, length, flow));
    this.put = put;
  }

  /** Takes the next datagram of the capture; false where a log that is replayed ends with the one before. */
  take(reader: DatagramReader, flow: Flow): boolean {
    const { view, offset, length, seconds, nanoseconds } = reader;
    if (Number.isNaN(this.baseSeconds)) {
      this.baseSeconds = seconds;
      this.baseNanoseconds = nanoseconds;
    }
    const captureNs = (seconds - this.baseSeconds) * 1e9 + (nanoseconds - this.baseNanoseconds);
    const messages = this.gate.messagesIn(reader);
    const at = { captureNs, dueNs: captureNs, feedLatencyNs: Number.NaN };
    if (!this.engine.take({ view, offset, length, flow, messages, ...at }, 1)) return false;
    this.putOut();
    return true;
  }

  /** Puts out what waits. `isComplete`: the capture was read to its end. */
  finish(isComplete: boolean): void {
    this.engine.end(isComplete);
    this.putOut();
    this.close(isComplete);
  }

  /** Ends the log, once. */
  close(isComplete: boolean): void {
    this.faults.close(isComplete);
  }

  report(): FaultsReport {
    return this.faults.report();
  }

  private putOut(): void {
    const { engine, baseSeconds, baseNanoseconds } = this;
    while (engine.step()) {
      const whole = Math.floor(engine.dueNs / 1e9);
      const rest = baseNanoseconds + (engine.dueNs - whole * 1e9);
      const carry = rest >= 1e9 ? 1 : 0;
      const { view, offset, length, flow, payloadSum } = engine;
      this.put(view, offset, length, flow, baseSeconds + whole + carry, rest - carry * 1e9, payloadSum);
    }
  }
}
