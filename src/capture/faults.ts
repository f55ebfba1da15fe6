/** Packets that are left out or cut: each is counted under its reason, and what is wrong with it is reported. */
import type { DamageHandler } from '../core/seams.js';
import { FRAME_TOO_SHORT } from './ethernet.js';
import type { FrameReader } from './frame-reader.js';
import type { Ipv6Verdict } from './ipv6.js';
import type { Numbered } from './skip-counts.js';
import type { Tally } from './tally.js';
import { TUNNEL_SHORT, type TunnelKind } from './tunnel.js';

/** The outcome of a packet that was counted as skipped. */
export const SKIPPED = 0;

const CUT = 'cut by the snap length';

/** Speaks for the packet that a reader of frames stands at. */
export class Faults {
  /** The kind of the innermost tunnel that the packet was taken out of; empty where there is none. */
  outer: TunnelKind | '' = '';

  constructor(
    private readonly frames: FrameReader,
    private readonly tally: Tally,
    private readonly onDamage: DamageHandler,
  ) {}

  skip(reason: string): typeof SKIPPED {
    this.tally.skips.add(reason, this.outer);
    return SKIPPED;
  }

  /** Of a kind that is not read. */
  skipNumber(kind: Numbered, value: number): typeof SKIPPED {
    this.tally.skips.addNumber(kind, value, this.outer);
    return SKIPPED;
  }

  /** A header that ends behind the captured bytes is the snap length's doing where it cut the packet. */
  skipHeader(layer: string, fault: string): typeof SKIPPED {
    const { frames } = this;
    if (fault === 'short' && frames.length < frames.wireLength) {
      if (layer === 'UDP') this.tally.truncated++;
      return this.skip(CUT);
    }
    const within = this.outer === '' ? '' : ` within ${this.outer}`;
    const text = `Packet ${frames.packetNumber} has a malformed ${layer} header${within} (${fault}) and was left out.`;
    this.report('packet', text);
    return this.skip(`malformed ${layer} header`);
  }

  skipEthernet(answer: number): typeof SKIPPED {
    return answer === FRAME_TOO_SHORT ? this.skipHeader('Ethernet', 'short') : this.skip('too many VLAN tags');
  }

  skipTunnel(answer: number): typeof SKIPPED {
    return this.skipHeader(this.outer, answer === TUNNEL_SHORT ? 'short' : 'form');
  }

  skipIpv6(verdict: Ipv6Verdict): typeof SKIPPED {
    if (verdict === 'jumbogram') return this.skip('IPv6 jumbogram');
    return verdict === 'too-many' ? this.skip('too many IPv6 extension headers') : this.skipHeader('IPv6', verdict);
  }

  skipCutFragment(): typeof SKIPPED {
    const isCut = this.frames.length < this.frames.wireLength;
    return this.skip(isCut ? 'fragment cut by the snap length' : 'fragment shorter than its IP header says');
  }

  /**
   * Of an IP packet that lacks its last `missing` bytes, `ofPayload` of them (if any) of its datagram. One that was not
   * cut by the snap length says more than it has.
   */
  tellShort(missing: number, ofPayload: number): void {
    const { frames } = this;
    const cut = frames.length < frames.wireLength;
    if (ofPayload > 0) this.tellTruncated(ofPayload, cut);
    else if (!cut) {
      const text = `is ${missing} bytes shorter than its own IP header says. Its datagram is whole and was kept.`;
      this.report('ip-length', `Packet ${frames.packetNumber} ${text}`);
    }
  }

  private tellTruncated(missing: number, cut: boolean): void {
    const { frames } = this;
    this.tally.truncated++;
    const text = cut
      ? `was cut by the snap length: ${frames.length} of ${frames.wireLength} bytes were captured. ` +
        'Capture again with a longer one (tcpdump -s 0).'
      : 'is shorter than its own IP header says.';
    const lost = `Packet ${frames.packetNumber} ${text} The last ${missing} bytes of its payload are missing.`;
    this.report(cut ? 'snap-length' : 'ip-length', lost);
  }

  tellOtherFlows(limit: number): void {
    this.tally.otherFlows++;
    if (this.tally.otherFlows > 1) return;
    this.report('flow-limit', `The flow table is full (${limit}): further flows are taken together.`);
  }

  private report(code: string, message: string): void {
    this.onDamage({ code, message, record: this.frames.packetNumber, offset: this.frames.fileOffset });
  }
}
