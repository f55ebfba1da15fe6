/** Which packets a fault befalls: each with a probability, or a number of them spread over the session. */
import { UsageError } from '../core/errors.js';
import type { Random } from '../core/random.js';
import { parseShare } from '../core/share.js';

/** A part of all packets, from 0 to 1, or how many of them. */
export type FaultShare = { readonly rate: number } | { readonly count: number };

/** Faults that may be asked for by number. */
const maxCount = 100_000;

/** Reads `0.001`, `0.1%` or, a whole number, how many; throws UsageError. */
export function parseFaultShare(text: string): FaultShare {
  if (/^\d+$/.test(text) && Number(text) <= maxCount) return { count: Number(text) };
  const rate = parseShare(text);
  if (rate === null) {
    const forms = `a part such as 0.001 or 0.1%, or how many packets, at most ${maxCount}`;
    throw new UsageError('fault', `'${text}' is no share of packets: write ${forms}`);
  }
  return { rate };
}

export class FaultDraw {
  private readonly rate: number;
  /** Numbers of messages whose packets are meant, in order. */
  private readonly targets: Float64Array;
  private next = 0;

  constructor(
    share: FaultShare | undefined,
    messages: number,
    private readonly random: Random,
  ) {
    this.rate = share !== undefined && 'rate' in share ? share.rate : 0;
    const count = share !== undefined && 'count' in share ? share.count : 0;
    this.targets = Float64Array.from({ length: count }, () => 1 + Math.floor(random.float() * messages)).sort();
  }

  /** Whether it befalls the packet of these messages; where two are meant, the next packet is the second. */
  hits(from: number, count: number): boolean {
    if (this.rate > 0 && this.random.float() < this.rate) return true;
    if (this.next === this.targets.length || this.targets[this.next] >= from + count) return false;
    this.next++;
    return true;
  }

  /** The fault could not be done to the packet hit last: where a number is asked for, another has it. */
  giveBack(): void {
    if (this.next > 0) this.next--;
  }
}
