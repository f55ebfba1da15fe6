/**
 * Writes UDP packets of MDP 3.0 into a capture file: whole, or only messages that are chosen, with the numbers that
 * they have or with new ones. SendingTime stays.
 *
 * New numbers are counted for each flow by itself. A packet of which no message is chosen is not written and takes no
 * number; one that has none (a heartbeat) is written where nothing is chosen.
 */
import { copyBytes } from '../core/copy.js';
import type { DatagramOutput, Flow } from '../core/seams.js';
import type { MessageTest } from '../session/mdp3.js';
import { MDP3_HEADER_LENGTH, MSG_SIZE_LENGTH, patchMsgSeqNum, readMsgSize } from '../session/mdp3-header.js';
import { isWholeMessage } from '../session/mdp3-messages.js';
import type { CaptureOutput } from './capture-output.js';
import type { OutputCounts } from './message-output.js';

const MAX_DATAGRAM = 65_535;

export interface Mdp3OutputOptions {
  /** Asked once of each message whether to write it; all are where absent. */
  readonly choose?: MessageTest;
  /** The number of each flow's first packet, that of the input's first numbering; absent: packets keep theirs. */
  readonly firstSequence?: number;
  /** Wraps where packets go, to change, repeat or leave out some. */
  readonly decorate?: (output: DatagramOutput) => DatagramOutput;
}

export class Mdp3Output {
  /** Messages written. */
  messages = 0;
  /** Messages that were not chosen. */
  filtered = 0;
  /** Both null before the first packet that is written. */
  private capture: CaptureOutput | null = null;
  private output: DatagramOutput | null = null;
  private readonly openFile: () => CaptureOutput;
  private readonly options: Mdp3OutputOptions;
  /** The packet at hand. */
  private readonly own = new DataView(new ArrayBuffer(MAX_DATAGRAM));
  private length = 0;
  private chosen = 0;
  private readonly nextSequences = new Map<Flow, number>();

  /** `openFile` makes the file, when there is something to write. */
  constructor(openFile: () => CaptureOutput, options: Mdp3OutputOptions = {}) {
    this.openFile = openFile;
    this.options = options;
  }

  get counts(): OutputCounts {
    const { packets = 0, bytes = 0, tooLong = 0, clampedTimestamps = 0 } = this.capture ?? {};
    return { messages: this.messages, packets, bytes, tooLong, zeroLength: 0, clampedTimestamps, connections: 0 };
  }

  /**
   * Copies a packet's header and the messages that are chosen, up to one that is not whole; `length` is a header's at
   * least. False where nothing is to be written, otherwise the packet is to be put next.
   */
  prepare(view: DataView, offset: number, length: number): boolean {
    const { own } = this;
    const { choose } = this.options;
    const end = offset + length;
    copyBytes(view, offset, own, 0, MDP3_HEADER_LENGTH);
    this.length = MDP3_HEADER_LENGTH;
    this.chosen = 0;
    let at = offset + MDP3_HEADER_LENGTH;
    const hasNone = at === end;
    for (; isWholeMessage(view, at, end); at += readMsgSize(view, at)) {
      const size = readMsgSize(view, at);
      if (choose !== undefined && !choose(view, at + MSG_SIZE_LENGTH, size - MSG_SIZE_LENGTH)) {
        this.filtered++;
        continue;
      }
      copyBytes(view, at, own, this.length, size);
      this.length += size;
      this.chosen++;
    }
    return this.chosen > 0 || (hasNone && choose === undefined);
  }

  /** Writes the packet that was prepared. */
  put(flow: Flow, seconds: number, nanoseconds: number): void {
    const { firstSequence } = this.options;
    if (firstSequence !== undefined) {
      const sequence = this.nextSequences.get(flow) ?? firstSequence;
      this.nextSequences.set(flow, sequence + 1);
      patchMsgSeqNum(this.own, 0, sequence);
    }
    this.messages += this.chosen;
    const output = this.output ?? this.open();
    output.datagram(this.own, 0, this.length, flow, seconds, nanoseconds);
  }

  /** Begins a flow's new numbers again, at 1, where those of the input do. */
  restart(flow: Flow): void {
    if (this.nextSequences.has(flow)) this.nextSequences.set(flow, 1);
  }

  close(): void {
    this.output?.close();
  }

  private open(): DatagramOutput {
    const { decorate } = this.options;
    this.capture = this.openFile();
    this.output = decorate === undefined ? this.capture : decorate(this.capture);
    return this.output;
  }
}
