/** Whether a TCP stream that nothing is known of is MDP 3.0: its pieces often begin with a header. */
import type { Mdp3Facts } from './mdp3.js';
import { MDP3_TCP_HEADER_LENGTH, MDP3_TCP_MARK } from './mdp3-header.js';
import { holdsMdp3Tcp, startsMdp3Tcp } from './mdp3-tcp-chain.js';
import { TcpRecogniser } from './tcp-recogniser.js';

/** The most bytes that are held of a stream: a header and the longest message. */
const MAX_HELD_BYTES = MDP3_TCP_HEADER_LENGTH + MDP3_TCP_MARK;

export class Mdp3TcpRecogniser extends TcpRecogniser<Mdp3Facts> {
  constructor() {
    super(MAX_HELD_BYTES);
  }

  protected judge(facts: Mdp3Facts): boolean {
    const start = startsMdp3Tcp(this.view, this.offset, this.offset + this.length, facts);
    if (start === 'maybe') this.hold();
    else if (start === 'no') this.letGo();
    return start === 'yes';
  }

  protected search(facts: Mdp3Facts): boolean {
    return holdsMdp3Tcp(this.view, this.offset, this.offset + this.length, facts);
  }
}
