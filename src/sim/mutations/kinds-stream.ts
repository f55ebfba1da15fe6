/** Mutations of the order, numbers and times of packets: MoldUDP64 1.00 and MDP 3.0 number theirs themselves. */
import type { MutationKind, Site } from './kind.js';
import { itchFramings } from './kind.js';
import { copyPacket, empty, type MutationFraming, type Packet } from './model.js';
import { numberOf, sendingTimeOf, sessionOf, setNumber, setSendingTime, setSession } from './numbers.js';
import { isControl, isMdp } from './packets.js';

const layer = 'stream';
const mold: readonly MutationFraming[] = ['moldudp64'];
const mdp: readonly MutationFraming[] = ['mdp3', 'mdp3-tcp'];
/** Whose packets bear numbers. */
const numbered: readonly MutationFraming[] = [...mold, ...mdp];
/** Below this a number that is behind may begin a new numbering of MDP, whose start was lost. */
const clearlyInside = 20;

export const streamKinds: readonly MutationKind[] = [
  {
    ...{ name: 'packet-missing', layer, framings: numbered, verdict: 'gap' },
    summary: 'a packet is left out; the next one shows the gap, and is delivered',
    apply(site) {
      if (!isData(site.packet) || !follows(site)) return null;
      site.isDropped = true;
      site.labelled = site.next;
      return `the packet before, number ${numberOf(site.packet)}, is missing`;
    },
  },
  {
    ...{ name: 'packet-duplicate', layer, framings: numbered, verdict: 'skip' },
    summary: 'a packet comes twice; what was seen before is passed over, or delivered as a repetition',
    apply(site) {
      if (!isData(site.packet)) return null;
      const copy = copyPacket(site.packet);
      site.after.push(copy);
      site.labelled = copy;
      return `number ${numberOf(copy)} comes a second time`;
    },
  },
  {
    ...{ name: 'packets-swapped', layer, framings: numbered, verdict: 'gap' },
    summary: 'a packet overtakes the one before it: a gap, which the late packet fills',
    apply(site) {
      const { packet, next } = site;
      if (!isData(packet) || !isFollowed(site, next)) return null;
      swapContents(packet, next);
      return `number ${numberOf(packet)} comes before ${numberOf(next)}`;
    },
  },
  {
    ...{ name: 'numbers-swapped', layer, framings: numbered, verdict: 'gap', leaps: true },
    summary: 'two packets bear each other’s numbers: a gap, which the next packet fills',
    apply(site) {
      const { packet, next } = site;
      if (!isData(packet) || !isFollowed(site, next) || packet.blocks.length !== next.blocks.length) return null;
      const [first, second] = [numberOf(packet), numberOf(next)];
      if (first <= clearlyInside) return null;
      setNumber(packet, second);
      setNumber(next, first);
      return `numbers ${first} and ${second} have changed places`;
    },
  },
  {
    ...{ name: 'number-zero', layer, framings: numbered, verdict: 'deliver' },
    summary: 'number 0, which no packet of a sequence has: delivered without a number, and missing among the others',
    apply(site) {
      if (!isData(site.packet) || !follows(site)) return null;
      const before = numberOf(site.packet);
      setNumber(site.packet, 0);
      return `number 0 in place of ${before}`;
    },
  },
  {
    ...{ name: 'number-ahead', layer, framings: numbered, verdict: 'gap', leaps: true },
    summary: 'a number that is 1000 too high: a gap, which the packets behind go on to fill',
    apply(site) {
      const number = numberOf(site.packet);
      if (!isData(site.packet) || !follows(site) || number <= clearlyInside) return null;
      setNumber(site.packet, number + 1000);
      return `number ${number + 1000} in place of ${number}`;
    },
  },
  {
    ...{ name: 'number-maximum', layer, framings: mdp, verdict: 'gap', leaps: true },
    summary: 'the highest number, 2^32 − 1: a gap, and the packets behind go on where the line was',
    apply(site) {
      const number = numberOf(site.packet);
      if (!isData(site.packet) || !follows(site) || number <= clearlyInside) return null;
      setNumber(site.packet, 0xffff_ffff);
      return `number 4294967295 in place of ${number}`;
    },
  },
  {
    ...{ name: 'number-overflow', layer, framings: mold, verdict: 'reject' },
    summary: 'the highest number, 2^64 − 1, behind which nothing can follow: reported; messages have no usable number',
    apply({ packet }) {
      if (!isData(packet)) return null;
      packet.header.fill(0xff, 10, 18);
      packet.isReported = true;
      packet.isOptional = true;
      return 'number 18446744073709551615';
    },
  },
  {
    ...{ name: 'session-foreign', layer, framings: mold, verdict: 'deliver' },
    summary: 'one packet of another session on the same flow: delivered as that session’s, and missing in its own',
    apply(site) {
      if (!isData(site.packet) || !follows(site)) return null;
      const name = `OTHER${String(site.random.below(100_000)).padStart(5, '0')}`;
      setSession(site.packet, name);
      return `session ${name}`;
    },
  },
  {
    ...{ name: 'session-restart', layer, framings: numbered, verdict: 'deliver' },
    summary: 'from this packet on numbers begin at 1 again (MoldUDP64: under another session): no gap',
    apply(site) {
      const { packet, earlier, random } = site;
      if (!isData(packet) || numberOf(packet) < clearlyInside) return null;
      if (isMdp(packet)) {
        // A number that is behind begins anew only where it was sent later than all before.
        const time = sendingTimeOf(packet);
        if (earlier.some((one) => !Number.isNaN(numberOf(one)) && sendingTimeOf(one) >= time)) return null;
      } else setSession(packet, `AGAIN${String(random.below(100_000)).padStart(5, '0')}`);
      const before = numberOf(packet);
      site.restarts = true;
      return `numbers begin at 1 again, in place of ${before}`;
    },
  },
  {
    ...{ name: 'heartbeat', layer, framings: mold, verdict: 'skip' },
    summary: 'a heartbeat, count 0, with the number that comes next: nothing to deliver',
    apply: (site) => insertControl(site, 0, 0),
  },
  {
    ...{ name: 'heartbeat-ahead', layer, framings: mold, verdict: 'gap' },
    summary: 'a heartbeat whose number is ahead shows a gap; the packets that follow fill it',
    apply: (site) => insertControl(site, 0, 1 + site.random.below(9)),
  },
  {
    ...{ name: 'end-of-session', layer, framings: mold, verdict: 'skip' },
    summary: 'an end of session, count 0xFFFF, which is no number of messages; what follows is delivered all the same',
    apply: (site) => insertControl(site, 0xffff, 0),
  },
  {
    ...{
      name: 'stamp-backwards',
      layer,
      framings: ['moldudp64', 'mdp3', 'soupbintcp', 'mdp3-tcp'],
      verdict: 'deliver',
    },
    summary: 'the capture’s time goes back by a second: delivered, in the order of the file',
    apply({ packet, earlier }) {
      if (packet.blocks.length === 0 || earlier.length === 0) return null;
      packet.seconds -= 1;
      return 'stamped a second earlier';
    },
  },
  {
    ...{ name: 'sending-time-backwards', layer, framings: mdp, verdict: 'deliver' },
    summary: 'SendingTime is a nanosecond before that of the packet before, the number right: delivered',
    apply(site) {
      const { packet, earlier } = site;
      const before = earlier.at(-1);
      if (before === undefined || !isData(packet) || !isData(before) || earlier.length < 3) return null;
      if (numberOf(before) !== numberOf(packet) - 1 || numberOf(packet) < 3) return null;
      const time = sendingTimeOf(before) - 1n;
      setSendingTime(packet, time);
      return `SendingTime ${time}`;
    },
  },
  {
    ...{ name: 'message-time-backwards', layer, framings: itchFramings, verdict: 'deliver' },
    summary: 'a message’s own time is midnight, before all others: delivered',
    apply({ packet }) {
      const block = packet.blocks.find(({ fate }) => fate === 'deliver');
      if (block === undefined) return null;
      block.bytes.fill(0, 5, 11);
      block.values = { ...block.values, timestamp: 0 };
      return `${block.values.name}.timestamp is 0`;
    },
  },
];

/** Carries messages with a number; where a connection begins stays as it is. */
function isData(packet: Packet): boolean {
  if (packet.blocks.length === 0 || packet.connects === true) return false;
  return !packet.isReported && !isControl(packet) && numberOf(packet) > 0;
}

/** Whether the next packet of the flow goes on where this one ends. */
function follows({ packet, next }: Site): boolean {
  // A connection numbers its packets by itself.
  if (next === null || !(numberOf(next) > 0) || next.isReported || next.connects === true) return false;
  if (isMdp(packet)) return numberOf(next) === numberOf(packet) + 1;
  return sessionOf(next) === sessionOf(packet) && numberOf(next) === numberOf(packet) + packet.blocks.length;
}

function isFollowed(site: Site, next: Packet | null): next is Packet {
  return next !== null && isData(next) && follows(site);
}

/** What they carry changes places, while their stamps stay. */
function swapContents(first: Packet, second: Packet): void {
  const { header, blocks, tail, count } = first;
  Object.assign(first, { header: second.header, blocks: second.blocks, tail: second.tail, count: second.count });
  Object.assign(second, { header, blocks, tail, count });
}

function insertControl(site: Site, count: number, ahead: number): string | null {
  const { packet } = site;
  if (!isData(packet)) return null;
  const control = copyPacket(packet);
  const next = numberOf(packet) + ahead;
  control.blocks = [];
  control.tail = empty;
  control.count = count;
  setNumber(control, next);
  site.before.push(control);
  site.labelled = control;
  return `count ${count === 0 ? '0' : '0xFFFF'}, next number ${next}`;
}
