/**
 * Which messages of a schema-defined protocol take part: template, symbol and SecurityID.
 *
 * A message takes part if any of its entries concerns a wanted instrument. Messages carry SecurityIDs; which of them a
 * symbol has is learned from instrument definitions, seen here or elsewhere: what precedes them cannot match.
 */
import type { SbeMessage } from '../schema/sbe/schema.js';
import { asksOfMessages, type FilterSpec } from './filter.js';

/** What a filter asks of messages that are known and fit. */
export interface SbeLandmarks {
  messageAt(view: DataView, offset: number, length: number): SbeMessage | undefined;
  /** Calls `visit` with each SecurityID in the message until it returns true; returns whether it did. */
  anySecurityId(
    message: SbeMessage,
    view: DataView,
    offset: number,
    length: number,
    visit: (securityId: number) => boolean,
  ): boolean;
  /** The symbol that an instrument definition gave the SecurityID. */
  symbolOf(securityId: number): string | undefined;
}

export class SbeFilter {
  readonly readsMessages: boolean;
  /** Whether symbols are asked for, so that definitions have to be read. */
  readonly learns: boolean;
  private readonly spec: FilterSpec;
  private readonly landmarks: SbeLandmarks;
  private readonly types: ReadonlySet<string>;
  private readonly symbols: ReadonlySet<string>;
  private readonly securityIds: ReadonlySet<number>;
  private readonly wantedTypes = new Map<SbeMessage, boolean>();
  private readonly isWanted = (securityId: number): boolean => {
    if (this.securityIds.size > 0 && !this.securityIds.has(securityId)) return false;
    return this.symbols.size === 0 || this.symbols.has(this.landmarks.symbolOf(securityId) ?? '');
  };

  constructor(spec: FilterSpec, landmarks: SbeLandmarks) {
    this.spec = spec;
    this.landmarks = landmarks;
    this.types = new Set(spec.types);
    this.symbols = new Set(spec.symbols);
    this.securityIds = new Set(spec.securityIds);
    this.learns = spec.symbols.length > 0;
    this.readsMessages = asksOfMessages(spec);
  }

  /** Of a message that is known and fits. */
  acceptsMessage(view: DataView, offset: number, length: number): boolean {
    if (!this.readsMessages) return true;
    if (this.spec.locates.length > 0) return false;
    const message = this.landmarks.messageAt(view, offset, length);
    if (message === undefined || !this.isTypeWanted(message)) return false;
    if (this.symbols.size + this.securityIds.size === 0) return true;
    return this.landmarks.anySecurityId(message, view, offset, length, this.isWanted);
  }

  /** Of a message without a template: wanted by its template id alone, or where nothing of a message is asked for. */
  acceptsUnknown(templateId: string): boolean {
    if (!this.readsMessages) return true;
    const asksElse = this.symbols.size + this.securityIds.size + this.spec.locates.length > 0;
    return !asksElse && this.types.has(templateId);
  }

  private isTypeWanted(message: SbeMessage): boolean {
    if (this.types.size === 0) return true;
    let wanted = this.wantedTypes.get(message);
    if (wanted === undefined) {
      wanted = this.types.has(String(message.id)) || this.types.has(message.name);
      this.wantedTypes.set(message, wanted);
    }
    return wanted;
  }
}
