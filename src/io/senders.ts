/** Who sends to a receiver, interned: the same object for every datagram of a sender to one of its addresses. */

/** One socket somewhere, as it sends to one of the receiver's addresses. */
export interface Sender {
  readonly address: string;
  readonly port: number;
  /** Position in order of first appearance, from 0. */
  readonly index: number;
  /** Which of the receiver's addresses it sends to: the position in `groups`. */
  readonly group: number;
}

/** Senders that are told apart; those beyond, of one group, share one that is called `others`. */
export const maxSenders = 4096;

/** The senders of one receiver, over all its groups. */
export class SenderTable {
  readonly list: Sender[] = [];
  private readonly known = new Map<string, Sender>();
  private latest: Sender | undefined;

  of(address: string, port: number, group: number): Sender {
    const { latest } = this;
    if (latest?.port === port && latest.group === group && latest.address === address) return latest;
    const sender = this.known.get(`${group} ${address} ${port}`) ?? this.add(address, port, group);
    this.latest = sender;
    return sender;
  }

  private add(address: string, port: number, group: number): Sender {
    const full = this.list.length >= maxSenders;
    if (full) {
      const others = this.known.get(`${group} others`);
      if (others) return others;
    }
    const sender: Sender = full
      ? { address: 'others', port: 0, index: this.list.length, group }
      : { address, port, index: this.list.length, group };
    this.list.push(sender);
    this.known.set(full ? `${group} others` : `${group} ${address} ${port}`, sender);
    return sender;
  }
}
