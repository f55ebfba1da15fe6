/** CME MDP 3.0 as those see it who read messages of any protocol: by its catalogue of schemas, and by FIX tags. */

import { signatureOf } from '../core/column-chunk.js';
import { mdp3Table, mdp3Versions } from '../protocol/mdp3/index.js';
import type { SbeLandmarks } from '../replay/sbe-filter.js';
import type { SbeCatalogue } from '../schema/sbe/catalogue.js';
import type { SbeCodec } from '../schema/sbe/codec.js';
import type { SbeField, SbeMessage, SbeSchema } from '../schema/sbe/schema.js';
import { isPresent } from '../schema/sbe/slot.js';
import { createContradiction, type FindContradiction } from '../schema/sbe/strict.js';
import { readSlot, rootField, TagVisitor, tags } from '../schema/sbe/tagged.js';
import { nanosecondsOf, readTimeHigh, readTimeLow, secondsOf } from '../session/mdp3-header.js';
import type { Application, LayoutDescription, LayoutFault } from './application.js';
import { Securities } from './securities.js';

/** The SBE header that MDP's framing prescribes, little-endian: block length, template id, schema id, version. */
const templateIdAt = 2;
const schemaIdAt = 4;
const versionAt = 6;
const headerLength = 8;
/** FIX's message type of Market Data Snapshot Full Refresh. */
const snapshotType = 'W';
/** What a template means to the session layer. */
const kinds = { unasked: 0, other: 1, reset: 2, heartbeat: 3 };

export class Mdp3Application implements Application, SbeLandmarks {
  readonly id = 'mdp3';
  readonly title = 'MDP 3.0';
  readonly typeLimit = 65_536;
  readonly securities = new Securities();
  /** Of the message that `readTransactTime` was asked for. */
  transactSeconds = 0;
  transactNanoseconds = 0;
  /** Names of the templates that came; schemas may name one differently, and the first counts. */
  private readonly names: (string | undefined)[] = [];
  private readonly kinds = new Uint8Array(65_536);
  private readonly transactTimes = new Map<SbeMessage, SbeField | null>();
  private readonly contradictions = new Map<SbeCodec, FindContradiction>();
  private readonly visitors = new Map<SbeSchema, TagVisitor>();
  private signature = 0;
  private readonly sign = (securityId: number): boolean => {
    this.signature |= signatureOf(securityId);
    return false;
  };
  private wanted: (securityId: number) => boolean = () => false;
  private readonly visit = (view: DataView, at: number, isLittle: boolean): boolean =>
    this.wanted(view.getInt32(at, isLittle));

  private made: SbeCatalogue | undefined;
  private readonly make: () => SbeCatalogue;

  /** What `make` builds is asked for by the first message of MDP: where there is none, nothing is built. */
  constructor(make: () => SbeCatalogue) {
    this.make = make;
  }

  get catalogue(): SbeCatalogue {
    this.made ??= this.make();
    return this.made;
  }

  /** Has all that a first message asks for built now. */
  prepare(): void {
    const header = new DataView(new ArrayBuffer(64));
    for (const { schema } of this.catalogue.codecs) {
      const { header: place, byteOrder } = schema;
      const isLittle = byteOrder === 'littleEndian';
      header.setUint16(place.schemaId.offset, schema.id, isLittle);
      header.setUint16(place.version.offset, schema.version, isLittle);
      header.setUint16(place.templateId.offset, schema.messages[0]?.id ?? 0, isLittle);
      this.isKnown(header, 0, header.byteLength);
    }
  }

  isKnown(view: DataView, offset: number, length: number): boolean {
    return this.catalogue.isKnown(view, offset, length) && this.contradictionOf(view, offset, length) === null;
  }

  faultOf(view: DataView, offset: number, length: number): LayoutFault | null {
    const fault = this.catalogue.fault(view, offset, length);
    if (fault !== null || !this.catalogue.isKnown(view, offset, length)) return fault;
    return this.contradictionOf(view, offset, length);
  }

  /** Of a message that fits: what of it cannot be as its version has it. */
  private contradictionOf(view: DataView, offset: number, length: number): LayoutFault | null {
    const codec = this.catalogue.codecAt(view, offset, length);
    const message = codec?.messageAt(view, offset, length);
    if (codec === null || message === undefined) return null;
    let find = this.contradictions.get(codec);
    if (find === undefined) {
      const isBuiltIn = codec.schema === mdp3Table;
      find = createContradiction(codec.schema, isBuiltIn ? (version) => mdp3Versions.includes(version) : undefined);
      this.contradictions.set(codec, find);
    }
    return find(view, offset, length, message);
  }

  typeOf(view: DataView, offset: number, length: number): number {
    const type = view.getUint16(offset + templateIdAt, true);
    if (this.names[type] === undefined) this.names[type] = this.catalogue.messageAt(view, offset, length)?.name;
    return type;
  }

  /** Takes the name of a template's first message from who has seen it. */
  learnName(type: number, name: string): void {
    if (name !== '') this.names[type] ??= name;
  }

  /** Forgets the names of templates: the next message of each names it anew. */
  forgetNames(): void {
    this.names.length = 0;
  }

  typeText(type: number): string {
    return String(type);
  }

  nameOf(type: number): string | undefined {
    return this.names[type];
  }

  layoutKey(view: DataView, offset: number, length: number): number {
    if (length < headerLength) return length;
    const templateId = view.getUint16(offset + templateIdAt, true);
    const schemaId = view.getUint16(offset + schemaIdAt, true);
    // Beyond every key of ITCH's 24 bits.
    return ((1 + schemaId) * 65_536 + templateId) * 65_536 + view.getUint16(offset + versionAt, true);
  }

  describeLayout(view: DataView, offset: number, length: number): LayoutDescription {
    if (length < headerLength) return { type: '' };
    return {
      type: String(view.getUint16(offset + templateIdAt, true)),
      schemaId: view.getUint16(offset + schemaIdAt, true),
      version: view.getUint16(offset + versionAt, true),
    };
  }

  /** What the session layer asks to recognise a packet. */
  fits(view: DataView, offset: number, length: number): boolean {
    return this.catalogue.isKnown(view, offset, length);
  }

  /** Whether the message says that the channel's numbering begins anew. */
  isReset(view: DataView, offset: number, length: number): boolean {
    return this.kindOf(view, offset, length) === kinds.reset;
  }

  isHeartbeat(view: DataView, offset: number, length: number): boolean {
    return this.kindOf(view, offset, length) === kinds.heartbeat;
  }

  /** Of a whole message, by its template alone: schemas that share an id mean the same by it. */
  private kindOf(view: DataView, offset: number, length: number): number {
    const templateId = view.getUint16(offset + templateIdAt, true);
    let kind = this.kinds[templateId] as number;
    if (kind === kinds.unasked) {
      const message = this.catalogue.messageAt(view, offset, length);
      if (message === undefined) return kinds.other;
      if (message.name.startsWith('ChannelReset')) kind = kinds.reset;
      else kind = message.name.startsWith('AdminHeartbeat') ? kinds.heartbeat : kinds.other;
      this.kinds[templateId] = kind;
    }
    return kind;
  }

  /** Sets `transactSeconds` and `transactNanoseconds` from a message that is known; false where it has no such time. */
  readTransactTime(view: DataView, offset: number, length: number): boolean {
    const message = this.catalogue.messageAt(view, offset, length);
    if (message === undefined) return false;
    let field = this.transactTimes.get(message);
    if (field === undefined) {
      field = rootField(message, tags.transactTime);
      const isTime = field?.type.kind === 'encoding' && field.type.primitive === 'uint64';
      // A snapshot's is the time of the last change to its book, whenever that was.
      if (!isTime || message.semanticType === snapshotType) field = null;
      this.transactTimes.set(message, field);
    }
    if (field === null) return false;
    if (!isPresent(field, view.getUint16(offset + versionAt, true), view.getUint16(offset, true))) return false;
    const at = offset + headerLength + field.offset;
    const high = readTimeHigh(view, at);
    const low = readTimeLow(view, at);
    this.transactSeconds = secondsOf(high, low);
    this.transactNanoseconds = nanosecondsOf(high, low);
    return true;
  }

  /** Learns the symbol of a definition and returns its SecurityID; other messages are let pass, null. */
  learn(view: DataView, offset: number, length: number): number | null {
    const codec = this.catalogue.codecAt(view, offset, length);
    const message = codec?.messageAt(view, offset, length);
    if (codec == null || message === undefined) return null;
    const { header, byteOrder } = codec.schema;
    const isLittle = byteOrder === 'littleEndian';
    const blockLength = readSlot(header.blockLength, view, offset, isLittle);
    return this.securities.learn(message, view, offset + header.size, blockLength, isLittle);
  }

  messageAt(view: DataView, offset: number, length: number): SbeMessage | undefined {
    return this.catalogue.messageAt(view, offset, length);
  }

  anySecurityId(
    message: SbeMessage,
    view: DataView,
    offset: number,
    length: number,
    visit: (securityId: number) => boolean,
  ): boolean {
    const schema = this.catalogue.codecAt(view, offset, length)?.schema;
    if (schema === undefined) return false;
    let visitor = this.visitors.get(schema);
    if (visitor === undefined) {
      visitor = new TagVisitor(schema, tags.securityId);
      this.visitors.set(schema, visitor);
    }
    this.wanted = visit;
    return visitor.any(message, view, offset, this.visit);
  }

  /** What columns keep of the instruments of a message: `signatureOf` each SecurityID in it, or-ed. */
  signatureAt(view: DataView, offset: number, length: number): number {
    const message = this.messageAt(view, offset, length);
    this.signature = 0;
    if (message !== undefined) this.anySecurityId(message, view, offset, length, this.sign);
    return this.signature >>> 0;
  }

  symbolOf(securityId: number): string | undefined {
    return this.securities.symbolOf(securityId);
  }
}
