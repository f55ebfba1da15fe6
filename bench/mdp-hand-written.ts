/** What one would write by hand for the checksum of MDP 3.0 alone: offsets in place, block lengths read, all trusted. */

const nullInt32 = 0x7fff_ffff;

/** Checksum of the messages behind their sizes from `start` to `end`; see `mdp-handlers.ts` for the sum. */
export function handWrittenMdpChecksum(view: DataView, start: number, end: number): number {
  let sum = 0;
  let at = start;
  while (at < end) {
    const root = at + 10;
    const template = view.getUint16(at + 4, true);
    let group = root + view.getUint16(at + 2, true);
    sum = (sum + (template === 52 ? snapshotRoot(view, root) : incrementalRoot(view, root))) | 0;
    let step = view.getUint16(group, true);
    let count = view.getUint8(group + 2);
    group += 3;
    switch (template) {
      case 46: {
        const hasTradeable = view.getUint16(at + 8, true) >= 10;
        for (; count > 0; count--, group += step) sum = (sum + level(view, group, hasTradeable)) | 0;
        step = view.getUint16(group, true);
        count = view.getUint8(group + 7);
        group += 8;
        for (; count > 0; count--, group += step) sum = (sum + levelOrder(view, group)) | 0;
        break;
      }
      case 47:
        for (; count > 0; count--, group += step) sum = (sum + order(view, group)) | 0;
        break;
      case 48:
        for (; count > 0; count--, group += step) sum = (sum + trade(view, group)) | 0;
        step = view.getUint16(group, true);
        count = view.getUint8(group + 7);
        group += 8;
        for (; count > 0; count--, group += step) {
          sum = (sum + wide(view, group)) | 0;
          sum = (sum + view.getInt32(group + 8, true)) | 0;
        }
        break;
      case 52:
        for (; count > 0; count--, group += step) sum = (sum + snapshotLevel(view, group)) | 0;
        break;
      default:
        throw new Error(`template ${template} at ${at}`);
    }
    at += view.getUint16(at, true);
  }
  return sum >>> 0;
}

function incrementalRoot(view: DataView, at: number): number {
  return (wide(view, at) + view.getUint8(at + 8)) | 0;
}

function snapshotRoot(view: DataView, at: number): number {
  let sum = (wide(view, at) + wide(view, at + 8)) | 0;
  sum = (sum + wide(view, at + 16)) | 0;
  sum = (sum + wide(view, at + 24)) | 0;
  sum = (sum + date(view, at + 32)) | 0;
  sum = (sum + view.getUint8(at + 34)) | 0;
  sum = (sum + wide(view, at + 35)) | 0;
  sum = (sum + wide(view, at + 43)) | 0;
  return (sum + wide(view, at + 51)) | 0;
}

function level(view: DataView, at: number, hasTradeable: boolean): number {
  let sum = (wide(view, at) + int32(view, at + 8)) | 0;
  sum = (sum + wide(view, at + 12)) | 0;
  sum = (sum + int32(view, at + 20)) | 0;
  sum = (sum + view.getUint8(at + 24)) | 0;
  sum = (sum + view.getUint8(at + 25)) | 0;
  sum = (sum + view.getUint8(at + 26)) | 0;
  return hasTradeable ? (sum + int32(view, at + 27)) | 0 : sum;
}

function levelOrder(view: DataView, at: number): number {
  const reference = view.getUint8(at + 20);
  let sum = (wide(view, at) + wide(view, at + 8)) | 0;
  sum = (sum + int32(view, at + 16)) | 0;
  if (reference !== 255) sum = (sum + reference) | 0;
  return (sum + view.getUint8(at + 21)) | 0;
}

function order(view: DataView, at: number): number {
  let sum = (wide(view, at) + wide(view, at + 8)) | 0;
  sum = (sum + wide(view, at + 16)) | 0;
  sum = (sum + int32(view, at + 24)) | 0;
  sum = (sum + view.getInt32(at + 28, true)) | 0;
  sum = (sum + view.getUint8(at + 32)) | 0;
  return (sum + view.getUint8(at + 33)) | 0;
}

function trade(view: DataView, at: number): number {
  const id = view.getInt32(at + 26, true);
  let sum = (wide(view, at) + wide(view, at + 8)) | 0;
  sum = (sum + wide(view, at + 16)) | 0;
  sum = (sum + view.getUint8(at + 24)) | 0;
  sum = (sum + view.getUint8(at + 25)) | 0;
  return id === -1 ? sum : (sum + id) | 0;
}

function snapshotLevel(view: DataView, at: number): number {
  const depth = view.getInt8(at + 16);
  let sum = (wide(view, at) + int32(view, at + 8)) | 0;
  sum = (sum + int32(view, at + 12)) | 0;
  if (depth !== 127) sum = (sum + depth) | 0;
  sum = (sum + date(view, at + 17)) | 0;
  sum = (sum + view.getUint8(at + 19)) | 0;
  sum = (sum + view.getUint8(at + 20)) | 0;
  return (sum + view.getUint8(at + 21)) | 0;
}

/** Two words. */
function wide(view: DataView, at: number): number {
  return (view.getInt32(at, true) + view.getInt32(at + 4, true)) | 0;
}

/** One word, 0 where it is null. */
function int32(view: DataView, at: number): number {
  const value = view.getInt32(at, true);
  return value === nullInt32 ? 0 : value;
}

function date(view: DataView, at: number): number {
  const value = view.getUint16(at, true);
  return value === 0xffff ? 0 : value;
}
