/** A protocol as those see it who read messages of any: ITCH 5.0 here, MDP 3.0 in `mdp3-application.ts`. */
import { itch50 } from '../protocol/itch50/index.js';

export type ProtocolId = 'itch50' | 'mdp3';

/** What a message that no table knows says of itself. */
export interface LayoutDescription {
  readonly type: string;
  readonly schemaId?: number;
  readonly version?: number;
}

/** Why a message contradicts its layout. */
export interface LayoutFault {
  readonly code: string;
  /** Of the message and field or group, such as `MDIncrementalRefreshBook46.NoMDEntries`. */
  readonly path: string;
  readonly message: string;
}

export interface Application {
  readonly id: ProtocolId;
  /** As reports name it. */
  readonly title: 'ITCH 5.0' | 'MDP 3.0';
  /** Types are integers below this. */
  readonly typeLimit: number;
  /** Whether the layout is known and the message fits it. */
  isKnown(view: DataView, offset: number, length: number): boolean;
  /** The same of all messages from `start` to `end`, each behind its 2-byte length; absent where they need more. */
  areKnown?(view: DataView, start: number, end: number): boolean;
  /** Null where the layout is not known. */
  faultOf(view: DataView, offset: number, length: number): LayoutFault | null;
  /** Of a message that is known. */
  typeOf(view: DataView, offset: number, length: number): number;
  /** As `--type` and reports write it. */
  typeText(type: number): string;
  nameOf(type: number): string | undefined;
  /** One number for all messages of an unknown layout. */
  layoutKey(view: DataView, offset: number, length: number): number;
  describeLayout(view: DataView, offset: number, length: number): LayoutDescription;
}

export const itch50Application: Application = {
  id: 'itch50',
  title: 'ITCH 5.0',
  typeLimit: 256,
  isKnown: itch50.isKnown,
  areKnown(view, start, end) {
    let at = start;
    while (at < end) {
      const length = view.getUint16(at);
      if (!itch50.isKnown(view, at + 2, length)) return false;
      at += 2 + length;
    }
    return true;
  },
  // A length that is not the type's own is another layout.
  faultOf: () => null,
  typeOf: (view, offset) => view.getUint8(offset),
  typeText: (type) => String.fromCharCode(type),
  nameOf: itch50.nameOf,
  layoutKey: (view, offset, length) => view.getUint8(offset) * 65536 + length,
  describeLayout: (view, offset) => ({ type: String.fromCharCode(view.getUint8(offset)) }),
};
