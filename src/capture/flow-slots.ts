/**
 * Hash tables from addresses and ports to the number of a flow: open addressing with linear probing over one
 * `Int32Array`, so that a look-up allocates nothing. Words are signed, which fit a small integer of the engine's.
 */

const INITIAL_SLOTS = 64;

/** Words of a slot for IPv4: source, destination, both ports, number of the flow (0: empty). */
const IPV4_SLOT_WORDS = 4;

/** Words of a key for IPv6: two addresses of four each, and both ports. */
export const IPV6_KEY_WORDS = 9;

/** Words of a slot for IPv6: its key, and the number of the flow. */
const IPV6_SLOT_WORDS = IPV6_KEY_WORDS + 1;

/** Flows of one transport over IPv4. */
export class Ipv4Slots {
  private slots = new Int32Array(INITIAL_SLOTS * IPV4_SLOT_WORDS);
  private mask = INITIAL_SLOTS - 1;
  private taken = 0;

  /** Place of the slot that holds the flow, or of the empty one where it belongs. */
  find(source: number, destination: number, ports: number): number {
    const { slots, mask } = this;
    let index = hashIpv4(source, destination, ports) & mask;
    for (;;) {
      const slot = index * IPV4_SLOT_WORDS;
      if (slots[slot + 3] === 0) return slot;
      if (slots[slot + 2] === ports && slots[slot + 1] === destination && slots[slot] === source) return slot;
      index = (index + 1) & mask;
    }
  }

  /** The flow's number at a place that `find` gave; 0 where none is. */
  numberAt(slot: number): number {
    return this.slots[slot + 3] as number;
  }

  /** Fills the empty place that `find` gave. */
  put(slot: number, source: number, destination: number, ports: number, number: number): void {
    this.slots[slot] = source;
    this.slots[slot + 1] = destination;
    this.slots[slot + 2] = ports;
    this.slots[slot + 3] = number;
    this.taken++;
    if (this.taken * 2 > this.mask) this.grow();
  }

  /** Doubles the slots, so that at most half of them are taken and every search meets an empty one. */
  private grow(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    this.mask = this.slots.length / IPV4_SLOT_WORDS - 1;
    for (let at = 0; at < old.length; at += IPV4_SLOT_WORDS) {
      if (old[at + 3] === 0) continue;
      const slot = this.find(old[at] as number, old[at + 1] as number, old[at + 2] as number);
      this.slots.set(old.subarray(at, at + IPV4_SLOT_WORDS), slot);
    }
  }
}

/** Flows of one transport over IPv6. */
export class Ipv6Slots {
  private slots = new Int32Array(INITIAL_SLOTS * IPV6_SLOT_WORDS);
  private mask = INITIAL_SLOTS - 1;
  private taken = 0;

  /** Place of the slot that holds the flow of `IPV6_KEY_WORDS` words, or of the empty one where it belongs. */
  find(key: Int32Array): number {
    const { slots, mask } = this;
    let index = hashIpv6(key) & mask;
    for (;;) {
      const slot = index * IPV6_SLOT_WORDS;
      if (slots[slot + IPV6_KEY_WORDS] === 0 || holds(slots, slot, key)) return slot;
      index = (index + 1) & mask;
    }
  }

  /** The flow's number at a place that `find` gave; 0 where none is. */
  numberAt(slot: number): number {
    return this.slots[slot + IPV6_KEY_WORDS] as number;
  }

  /** Fills the empty place that `find` gave. */
  put(slot: number, key: Int32Array, number: number): void {
    this.slots.set(key, slot);
    this.slots[slot + IPV6_KEY_WORDS] = number;
    this.taken++;
    if (this.taken * 2 > this.mask) this.grow();
  }

  private grow(): void {
    const old = this.slots;
    this.slots = new Int32Array(old.length * 2);
    this.mask = this.slots.length / IPV6_SLOT_WORDS - 1;
    for (let at = 0; at < old.length; at += IPV6_SLOT_WORDS) {
      if (old[at + IPV6_KEY_WORDS] === 0) continue;
      const slot = this.find(old.subarray(at, at + IPV6_KEY_WORDS));
      this.slots.set(old.subarray(at, at + IPV6_SLOT_WORDS), slot);
    }
  }
}

function holds(slots: Int32Array, slot: number, key: Int32Array): boolean {
  for (let word = IPV6_KEY_WORDS - 1; word >= 0; word--) if (slots[slot + word] !== key[word]) return false;
  return true;
}

/** Mixes the key's words (the finaliser of MurmurHash3). */
function hashIpv4(source: number, destination: number, ports: number): number {
  const h = Math.imul(source, 0x9e3779b1) ^ Math.imul(destination, 0x85ebca77) ^ Math.imul(ports, 0xc2b2ae3d);
  return finish(h);
}

function hashIpv6(key: Int32Array): number {
  let h = 0;
  for (let word = 0; word < IPV6_KEY_WORDS; word++) {
    h = Math.imul(h ^ (key[word] as number), 0x9e3779b1);
    h ^= h >>> 15;
  }
  return finish(h);
}

function finish(mixed: number): number {
  let h = mixed ^ (mixed >>> 16);
  h = Math.imul(h, 0x85ebca6b);
  return h ^ (h >>> 13);
}
