/**
 * What a pcapng capture says beside its packets (draft-ietf-opsawg-pcapng sections 3.5 and 4.1 to 4.9): how many blocks
 * of each kind, comments, interfaces and their statistics, packets that were lost. Blocks are walked option by option;
 * what cannot be believed is said and the rest of that block passed over.
 */
import type { CaptureDescription } from './frame-reader.js';
import { type BlockKind, noBlocks } from './pcapng-blocks.js';
import { PcapngInterface } from './pcapng-interface.js';
import { OPTION_COMMENT, OptionCursor } from './pcapng-options.js';

/** The most comments that are kept. */
export const MAX_COMMENTS = 8;

/** The most interfaces, of all sections, that are described. */
export const MAX_DESCRIBED_INTERFACES = 64;

const EPB_DROPCOUNT = 4;
const NAME_RECORD_END = 0;

/** Where the options of a block begin, from its start. */
const SECTION_OPTIONS = 24;
const INTERFACE_OPTIONS = 16;
const STATISTICS_OPTIONS = 20;

/** Collects it, block by block. */
export class PcapngNotes {
  private readonly blocks = noBlocks();
  droppedPackets = 0;
  private readonly options = new OptionCursor();
  private readonly comments: string[] = [];
  private commentCount = 0;
  private readonly interfaces: PcapngInterface[] = [];
  private interfaceCount = 0;

  /** Nearly every block is an enhanced packet, and a property by name costs less than one by value. */
  count(kind: BlockKind): void {
    if (kind === 'EPB') this.blocks.EPB++;
    else this.blocks[kind]++;
  }

  /** Counts enhanced packets that another reader has read. */
  countPackets(packets: number): void {
    this.blocks.EPB += packets;
  }

  /** Forgets what blocks have told. */
  clear(): void {
    Object.assign(this.blocks, noBlocks());
    this.comments.length = 0;
    this.commentCount = 0;
    this.droppedPackets = 0;
  }

  /** Whether anything but enhanced packets without notes was met. */
  get hasMoreThanPackets(): boolean {
    const { EPB, ...others } = this.blocks;
    return this.commentCount > 0 || this.droppedPackets > 0 || Object.values(others).some((count) => count > 0);
  }

  /** Counts an interface and keeps it for the description while they are few. */
  addInterface(described: PcapngInterface): void {
    this.interfaceCount++;
    if (this.interfaces.length < MAX_DESCRIBED_INTERFACES) this.interfaces.push(described);
  }

  /** Reads an Interface Description Block, whose options end before `end`. */
  readInterface(
    view: DataView,
    offset: number,
    end: number,
    littleEndian: boolean,
    complain: (what: string) => void,
  ): PcapngInterface {
    const described = new PcapngInterface(
      view.getUint16(offset + 8, littleEndian),
      view.getUint32(offset + 12, littleEndian),
    );
    const { options } = this;
    options.open(view, offset + INTERFACE_OPTIONS, end, littleEndian);
    while (options.next()) {
      this.takeComment();
      const wrong = described.takeOption(options);
      if (wrong !== null) complain(wrong);
    }
    if (options.fault !== null) complain(options.fault);
    return described;
  }

  /** Reads the options of a section header. */
  readSection(view: DataView, offset: number, end: number, littleEndian: boolean): string | null {
    return this.readComments(view, offset + SECTION_OPTIONS, end, littleEndian);
  }

  /** Reads the options behind a packet; `at` is where its padding ends. */
  readPacketOptions(view: DataView, at: number, end: number, littleEndian: boolean, enhanced: boolean): string | null {
    const { options } = this;
    options.open(view, at, end, littleEndian);
    while (options.next()) {
      this.takeComment();
      if (!enhanced || options.code !== EPB_DROPCOUNT) continue;
      if (options.length !== 8) return `epb_dropcount has ${options.length} bytes and not 8`;
      this.droppedPackets += options.uint64();
    }
    return options.fault;
  }

  /** Reads a block without packets that is at hand whole; says what in it cannot be. */
  readOther(
    kind: BlockKind,
    view: DataView,
    offset: number,
    end: number,
    littleEndian: boolean,
    interfaces: readonly (PcapngInterface | undefined)[],
  ): string | null {
    if (kind === 'ISB') return this.readStatistics(view, offset, end, littleEndian, interfaces);
    if (kind === 'NRB') return this.readNames(view, offset, end, littleEndian);
    if (kind === 'DSB') return this.readSecrets(view, offset, end, littleEndian);
    // Custom blocks keep their options behind data whose length only their maker knows; a journal entry has none.
    return null;
  }

  describe(): CaptureDescription {
    return {
      sections: this.blocks.SHB,
      interfaces: this.interfaces.map((one) => one.describe()),
      interfaceCount: this.interfaceCount,
      comments: [...this.comments],
      commentCount: this.commentCount,
      blocks: this.countedBlocks(),
      droppedPackets: this.droppedPackets,
    };
  }

  /** The kinds of blocks that there are, and how many. */
  countedBlocks(): Record<string, number> {
    return Object.fromEntries(Object.entries(this.blocks).filter(([, count]) => count > 0));
  }

  private readStatistics(
    view: DataView,
    offset: number,
    end: number,
    littleEndian: boolean,
    interfaces: readonly (PcapngInterface | undefined)[],
  ): string | null {
    const subject = interfaces[view.getUint32(offset + 8, littleEndian)];
    if (subject === undefined) return 'it names an interface that its section does not have';
    const { options } = this;
    options.open(view, offset + STATISTICS_OPTIONS, end, littleEndian);
    while (options.next()) {
      this.takeComment();
      const wrong = subject.takeStatistic(options);
      if (wrong !== null) return wrong;
    }
    return options.fault;
  }

  /** Records of names, closed by one of type 0, and options behind. */
  private readNames(view: DataView, offset: number, end: number, littleEndian: boolean): string | null {
    let at = offset + 8;
    while (at + 4 <= end) {
      const type = view.getUint16(at, littleEndian);
      const length = view.getUint16(at + 2, littleEndian);
      at += 4;
      if (type === NAME_RECORD_END) break;
      if (length > end - at) return `a name record claims ${length} bytes and ${end - at} are left in the block`;
      at += length + (-length & 3);
    }
    return this.readComments(view, at, end, littleEndian);
  }

  private readSecrets(view: DataView, offset: number, end: number, littleEndian: boolean): string | null {
    const length = view.getUint32(offset + 12, littleEndian);
    const at = offset + 16;
    if (length > end - at) return `its secrets claim ${length} bytes and ${end - at} are left in the block`;
    return this.readComments(view, at + length + (-length & 3), end, littleEndian);
  }

  private readComments(view: DataView, at: number, end: number, littleEndian: boolean): string | null {
    const { options } = this;
    options.open(view, at, end, littleEndian);
    while (options.next()) this.takeComment();
    return options.fault;
  }

  private takeComment(): void {
    if (this.options.code !== OPTION_COMMENT) return;
    this.commentCount++;
    if (this.comments.length < MAX_COMMENTS) this.comments.push(this.options.text());
  }
}
