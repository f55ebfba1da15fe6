/**
 * Whether a TCP stream that nothing is known of is SoupBinTCP.
 *
 * Where the connection's opening was captured its first packet is at hand from its first byte on, and pieces that may
 * be its beginning are held until it can be judged.
 */
import type { LengthOf } from '../core/seams.js';
import { holdsSoupBinTCP, looksLikeSoupBinTCP, mayBeginSoupBinTCP } from './soupbintcp-chain.js';
import { TcpRecogniser } from './tcp-recogniser.js';

/** The most bytes that are held of a stream. */
export const MAX_HELD_BYTES = 4096;

export class SoupRecogniser extends TcpRecogniser<LengthOf> {
  constructor() {
    super(MAX_HELD_BYTES);
  }

  protected judge(lengthOf: LengthOf): boolean {
    const { view, offset, length, join } = this;
    if (looksLikeSoupBinTCP(view, offset, length, lengthOf)) return true;
    if (join === 'start' && mayBeginSoupBinTCP(view, offset, length)) this.hold();
    else this.letGo();
    return false;
  }

  protected search(lengthOf: LengthOf): boolean {
    return holdsSoupBinTCP(this.view, this.offset, this.length, lengthOf);
  }
}
