/** The packet that a datagram is in, as a reader of captures shows it: one object, filled in when it is asked for. */
import type { CapturedFrame } from '../core/seams.js';
import type { FrameReader } from './frame-reader.js';

/** The frame that a reader of frames stands at. */
export class Packet implements CapturedFrame {
  view: DataView = new DataView(new ArrayBuffer(0));
  offset = 0;
  length = 0;
  wireLength = 0;
  linkType = 0;
  payload = 0;
  payloadLength = 0;

  /** Shows the frame, which lies in `view`, and the payload of its datagram. */
  take(frames: FrameReader, view: DataView, payload: number, payloadLength: number): this {
    this.view = view;
    this.offset = frames.offset;
    this.length = frames.length;
    this.wireLength = frames.wireLength;
    this.linkType = frames.linkType;
    this.payload = payload;
    this.payloadLength = payloadLength;
    return this;
  }
}
