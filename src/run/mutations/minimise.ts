/** A failing case made small: packets are left out, then messages, as long as it fails in the same way. */
import { copyPacket, type Packet } from '../../sim/mutations/model.js';

/**
 * The smallest that was found in at most so many runs; `failsAlike` runs a candidate. `keepsNext`: with what was
 * mutated stays the packet behind it.
 */
export async function minimise(
  packets: readonly Packet[],
  mostRuns: number,
  failsAlike: (packets: readonly Packet[]) => Promise<boolean>,
  keepsNext = false,
): Promise<readonly Packet[]> {
  // What was mutated, and where connections begin.
  const needed = new Set(packets.filter(({ label, connects }) => label !== null || connects === true));
  const next = packets[packets.findIndex(({ label }) => label !== null) + 1];
  if (keepsNext && next !== undefined) needed.add(next);
  let runs = 0;
  const holds = async (candidate: readonly Packet[]): Promise<boolean> => runs++ < mostRuns && failsAlike(candidate);
  let small = await halved(packets, needed, holds);
  for (let index = small.length - 1; index >= 0; index--) {
    if (needed.has(small[index] as Packet)) continue;
    const candidate = small.filter((_, at) => at !== index);
    if (await holds(candidate)) small = candidate;
  }
  for (let index = 0; index < small.length; index++) {
    const packet = small[index] as Packet;
    for (let block = packet.blocks.length - 1; block >= 0 && packet.blocks.length > 1; block--) {
      const candidate = withoutBlock(small, index, block);
      if (await holds(candidate)) small = candidate;
    }
  }
  return small;
}

/** Leaves out the beginning and the end by halves. */
async function halved(
  packets: readonly Packet[],
  needed: ReadonlySet<Packet>,
  holds: (packets: readonly Packet[]) => Promise<boolean>,
): Promise<readonly Packet[]> {
  let small = packets;
  for (let step = Math.floor(packets.length / 2); step >= 2; step = Math.floor(step / 2)) {
    for (const candidate of [small.slice(0, -step), [...small.slice(0, 1), ...small.slice(1 + step)]]) {
      const keepsAll = [...needed].every((packet) => candidate.includes(packet));
      if (keepsAll && candidate.length < small.length && (await holds(candidate))) small = candidate;
    }
  }
  return small;
}

function withoutBlock(packets: readonly Packet[], index: number, block: number): readonly Packet[] {
  const packet = copyPacket(packets[index] as Packet);
  packet.blocks = packet.blocks.filter((_, at) => at !== block);
  return packets.map((one, at) => (at === index ? packet : one));
}
