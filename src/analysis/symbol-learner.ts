/** What is learned of symbols from messages that take no part themselves: before the window, and on other flows. */
import type { Flow, RecordReader } from '../core/seams.js';
import { itch50 } from '../protocol/itch50/index.js';
import type { MessageFilter } from '../replay/filter.js';
import { looksLikeMdp3, looksLikeMoldUDP64 } from '../session/demux.js';
import { visitMessages } from '../session/mdp3-messages.js';
import { HEADER_LENGTH } from '../session/moldudp64.js';
import type { StreamKeys } from '../session/stream-keys.js';
import { chosenProtocol, type InputSpec } from './input.js';
import { learnPacket } from './learn-packet.js';
import type { Mdp3Application } from './mdp3-application.js';

export class SymbolLearner {
  constructor(
    private readonly spec: InputSpec,
    private readonly filter: MessageFilter,
    private readonly mdp3: Mdp3Application,
    private readonly streamKeys: StreamKeys,
    /** Whether symbols of MDP's instruments are learned. */
    readonly learnsSymbols: boolean,
  ) {}

  /** Whether anything is to be learned. */
  get isEager(): boolean {
    return this.filter.learns || this.learnsSymbols;
  }

  /** From an instrument definition; returns nothing found, so that all messages of a packet are shown. */
  readonly learnMessage = (view: DataView, offset: number, length: number): boolean => {
    const { mdp3 } = this;
    if (this.learnsSymbols && mdp3.isKnown(view, offset, length)) mdp3.learn(view, offset, length);
    return false;
  };

  /** From a record before the window; `file` is the input's number of a BinaryFILE, whose records have no flow. */
  learn(reader: RecordReader, flow: Flow | null, file: number): void {
    const { view, offset, length } = reader;
    if (flow === null) {
      this.filter.learn(view, offset, length, file);
      return;
    }
    const choice = chosenProtocol(this.spec, flow);
    if (choice === 'none' || length < HEADER_LENGTH) return;
    const isMold =
      choice === 'itch50' || (choice === undefined && looksLikeMoldUDP64(view, offset, length, itch50.lengthOf));
    if (!isMold) this.learnPacket(reader, flow);
    else if (this.filter.learns && this.filter.acceptsFlow(flow)) {
      learnPacket(this.filter, view, offset, length, this.streamKeys.keyOf(view, offset, flow));
    }
  }

  /** From a datagram of MDP. */
  learnPacket({ view, offset, length }: RecordReader, flow: Flow): void {
    const choice = chosenProtocol(this.spec, flow);
    if (!this.learnsSymbols || flow.transport === 'TCP' || choice === 'none' || choice === 'itch50') return;
    if (choice === 'mdp3' || looksLikeMdp3(view, offset, length, this.mdp3)) {
      visitMessages(view, offset, length, this.learnMessage);
    }
  }
}
