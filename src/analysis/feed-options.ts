/** What a feed of messages tells whoever listens, and what it is asked for. */
import type { Flow, RecordReader, Stream } from '../core/seams.js';
import type { FilterSpec } from '../replay/filter.js';
import type { CaptureWindow } from '../replay/window.js';
import type { FlowReport, ForcedFraming } from '../session/demux.js';
import type { FileDamage } from './damage-log.js';
import type { Verdict } from './protocol-gate.js';
import type { JudgedPart } from './threads/part.js';
import type { ThreadsOptions } from './threads/threads.js';

export interface FeedHandlers {
  /** Every message that the filters let pass, with the verdict on it. */
  onMessage?(
    view: DataView,
    offset: number,
    length: number,
    timestampNs: number,
    sequence: number,
    stream: Stream,
    verdict: Verdict,
  ): void;
  /**
   * In place of `onMessage`, where it is there and filters ask nothing of messages: those of a packet of MoldUDP64, all
   * known, each behind its 2-byte length, from `start` to `end`.
   */
  onRun?(view: DataView, start: number, end: number, count: number, timestampNs: number, stream: Stream): void;
  /**
   * In place of `onRecord` and `onMessage`, where it is there, filters ask nothing of messages and there is no window:
   * messages of a BinaryFILE, all known, as in `onRun`. Their own times and `shiftNs` are their stamps.
   */
  onFileRun?(view: DataView, start: number, end: number, count: number, shiftNs: number, stream: Stream): void;
  /** Every datagram, piece of a TCP stream or BinaryFILE record in the window, before its messages. */
  onRecord?(reader: RecordReader, flow: Flow | null, timestampNs: number): void;
  /** A datagram whose flow is recognised, after its messages, which may be known to be whole. */
  onDatagram?(reader: RecordReader, flow: Flow, framing: FlowReport['recognisedAs'], isWhole: boolean): void;
  /** Instead of the two above, of a part that another thread has judged: so many of a stream passed the filters, … */
  onPassed?(messages: number, stream: Stream): void;
  /** … and what was made of all of them, once the part was gone through. */
  onJudged?(judged: JudgedPart): void;
  /** Asked before a part is gone through: whether what was made of it serves; false has it read here. */
  mayPass?(judged: JudgedPart): boolean;
  onGap?(from: number, to: number, stream: Stream): void;
  /** A packet without messages; `nextSequence` is the number that the next one will have. */
  onHeartbeat?(nextSequence: number, stream: Stream): void;
  onDamage?(damage: FileDamage): void;
  /** Asked after each record; true ends the run there. */
  isDone?(): boolean;
  /** Awaited between records where it returns a promise (back-pressure). */
  pause?(): Promise<void> | undefined;
}

export interface FeedOptions {
  filter?: FilterSpec;
  window?: CaptureWindow;
  /** Learn the symbols of MDP's instruments from definitions, whether a filter asks for them or not. */
  learnsSymbols?: boolean;
  /** Read parts of the input on other threads; all on this one where absent. */
  threads?: ThreadsOptions;
  /** What flows are known to be from what was read of them elsewhere; goes behind what the user says. */
  knownFraming?: (flow: Flow) => ForcedFraming;
}
