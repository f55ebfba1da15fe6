/** What one would write by hand for this checksum alone: one loop, one switch, offsets in place, lengths trusted. */

/** Checksum of every field of the length-prefixed messages from `start` to `end`; see `handlers.ts` for the sum. */
export function handWrittenChecksum(view: DataView, start: number, end: number): number {
  let sum = 0;
  let at = start + 2;
  while (at < end) {
    const type = view.getUint8(at);
    sum = (sum + type) | 0;
    sum = (sum + view.getUint16(at + 1)) | 0;
    sum = (sum + view.getUint16(at + 3)) | 0;
    sum = (sum + view.getUint16(at + 5)) | 0;
    sum = (sum + view.getUint32(at + 7)) | 0;
    switch (type) {
      case 0x53:
      case 0x57:
        sum = (sum + view.getUint8(at + 11)) | 0;
        break;
      case 0x52:
        sum = (sum + view.getUint32(at + 11)) | 0;
        sum = (sum + view.getUint32(at + 15)) | 0;
        sum = (sum + view.getUint8(at + 19)) | 0;
        sum = (sum + view.getUint8(at + 20)) | 0;
        sum = (sum + view.getUint32(at + 21)) | 0;
        sum = (sum + view.getUint8(at + 25)) | 0;
        sum = (sum + view.getUint8(at + 26)) | 0;
        sum = (sum + view.getUint16(at + 27)) | 0;
        sum = (sum + view.getUint8(at + 29)) | 0;
        sum = (sum + view.getUint8(at + 30)) | 0;
        sum = (sum + view.getUint8(at + 31)) | 0;
        sum = (sum + view.getUint8(at + 32)) | 0;
        sum = (sum + view.getUint8(at + 33)) | 0;
        sum = (sum + view.getUint32(at + 34)) | 0;
        sum = (sum + view.getUint8(at + 38)) | 0;
        break;
      case 0x48:
        sum = (sum + view.getUint32(at + 11)) | 0;
        sum = (sum + view.getUint32(at + 15)) | 0;
        sum = (sum + view.getUint8(at + 19)) | 0;
        sum = (sum + view.getUint8(at + 20)) | 0;
        sum = (sum + view.getUint32(at + 21)) | 0;
        break;
      case 0x59:
      case 0x4e:
        sum = (sum + view.getUint32(at + 11)) | 0;
        sum = (sum + view.getUint32(at + 15)) | 0;
        sum = (sum + view.getUint8(at + 19)) | 0;
        break;
      case 0x4c:
        sum = (sum + view.getUint32(at + 11)) | 0;
        sum = (sum + view.getUint32(at + 15)) | 0;
        sum = (sum + view.getUint32(at + 19)) | 0;
        sum = (sum + view.getUint8(at + 23)) | 0;
        sum = (sum + view.getUint8(at + 24)) | 0;
        sum = (sum + view.getUint8(at + 25)) | 0;
        break;
      case 0x56:
      case 0x4a:
      case 0x55:
        sum = (sum + view.getUint32(at + 11)) | 0;
        sum = (sum + view.getUint32(at + 15)) | 0;
        sum = (sum + view.getUint32(at + 19)) | 0;
        sum = (sum + view.getUint32(at + 23)) | 0;
        sum = (sum + view.getUint32(at + 27)) | 0;
        sum = (sum + view.getUint32(at + 31)) | 0;
        break;
      case 0x4b:
        sum = (sum + view.getUint32(at + 11)) | 0;
        sum = (sum + view.getUint32(at + 15)) | 0;
        sum = (sum + view.getUint32(at + 19)) | 0;
        sum = (sum + view.getUint8(at + 23)) | 0;
        sum = (sum + view.getUint32(at + 24)) | 0;
        break;
      case 0x68:
        sum = (sum + view.getUint32(at + 11)) | 0;
        sum = (sum + view.getUint32(at + 15)) | 0;
        sum = (sum + view.getUint8(at + 19)) | 0;
        sum = (sum + view.getUint8(at + 20)) | 0;
        break;
      case 0x41:
        sum = (sum + view.getUint32(at + 11)) | 0;
        sum = (sum + view.getUint32(at + 15)) | 0;
        sum = (sum + view.getUint8(at + 19)) | 0;
        sum = (sum + view.getUint32(at + 20)) | 0;
        sum = (sum + view.getUint32(at + 24)) | 0;
        sum = (sum + view.getUint32(at + 28)) | 0;
        sum = (sum + view.getUint32(at + 32)) | 0;
        break;
      case 0x46:
        sum = (sum + view.getUint32(at + 11)) | 0;
        sum = (sum + view.getUint32(at + 15)) | 0;
        sum = (sum + view.getUint8(at + 19)) | 0;
        sum = (sum + view.getUint32(at + 20)) | 0;
        sum = (sum + view.getUint32(at + 24)) | 0;
        sum = (sum + view.getUint32(at + 28)) | 0;
        sum = (sum + view.getUint32(at + 32)) | 0;
        sum = (sum + view.getUint32(at + 36)) | 0;
        break;
      case 0x45:
        sum = (sum + view.getUint32(at + 11)) | 0;
        sum = (sum + view.getUint32(at + 15)) | 0;
        sum = (sum + view.getUint32(at + 19)) | 0;
        sum = (sum + view.getUint32(at + 23)) | 0;
        sum = (sum + view.getUint32(at + 27)) | 0;
        break;
      case 0x43:
        sum = (sum + view.getUint32(at + 11)) | 0;
        sum = (sum + view.getUint32(at + 15)) | 0;
        sum = (sum + view.getUint32(at + 19)) | 0;
        sum = (sum + view.getUint32(at + 23)) | 0;
        sum = (sum + view.getUint32(at + 27)) | 0;
        sum = (sum + view.getUint8(at + 31)) | 0;
        sum = (sum + view.getUint32(at + 32)) | 0;
        break;
      case 0x58:
        sum = (sum + view.getUint32(at + 11)) | 0;
        sum = (sum + view.getUint32(at + 15)) | 0;
        sum = (sum + view.getUint32(at + 19)) | 0;
        break;
      case 0x44:
      case 0x42:
        sum = (sum + view.getUint32(at + 11)) | 0;
        sum = (sum + view.getUint32(at + 15)) | 0;
        break;
      case 0x50:
        sum = (sum + view.getUint32(at + 11)) | 0;
        sum = (sum + view.getUint32(at + 15)) | 0;
        sum = (sum + view.getUint8(at + 19)) | 0;
        sum = (sum + view.getUint32(at + 20)) | 0;
        sum = (sum + view.getUint32(at + 24)) | 0;
        sum = (sum + view.getUint32(at + 28)) | 0;
        sum = (sum + view.getUint32(at + 32)) | 0;
        sum = (sum + view.getUint32(at + 36)) | 0;
        sum = (sum + view.getUint32(at + 40)) | 0;
        break;
      case 0x51:
        sum = (sum + view.getUint32(at + 11)) | 0;
        sum = (sum + view.getUint32(at + 15)) | 0;
        sum = (sum + view.getUint32(at + 19)) | 0;
        sum = (sum + view.getUint32(at + 23)) | 0;
        sum = (sum + view.getUint32(at + 27)) | 0;
        sum = (sum + view.getUint32(at + 31)) | 0;
        sum = (sum + view.getUint32(at + 35)) | 0;
        sum = (sum + view.getUint8(at + 39)) | 0;
        break;
      case 0x49:
        sum = (sum + view.getUint32(at + 11)) | 0;
        sum = (sum + view.getUint32(at + 15)) | 0;
        sum = (sum + view.getUint32(at + 19)) | 0;
        sum = (sum + view.getUint32(at + 23)) | 0;
        sum = (sum + view.getUint8(at + 27)) | 0;
        sum = (sum + view.getUint32(at + 28)) | 0;
        sum = (sum + view.getUint32(at + 32)) | 0;
        sum = (sum + view.getUint32(at + 36)) | 0;
        sum = (sum + view.getUint32(at + 40)) | 0;
        sum = (sum + view.getUint32(at + 44)) | 0;
        sum = (sum + view.getUint8(at + 48)) | 0;
        sum = (sum + view.getUint8(at + 49)) | 0;
        break;
      case 0x4f:
        sum = (sum + view.getUint32(at + 11)) | 0;
        sum = (sum + view.getUint32(at + 15)) | 0;
        sum = (sum + view.getUint8(at + 19)) | 0;
        sum = (sum + view.getUint32(at + 20)) | 0;
        sum = (sum + view.getUint32(at + 24)) | 0;
        sum = (sum + view.getUint32(at + 28)) | 0;
        sum = (sum + view.getUint32(at + 32)) | 0;
        sum = (sum + view.getUint32(at + 36)) | 0;
        sum = (sum + view.getUint32(at + 40)) | 0;
        sum = (sum + view.getUint32(at + 44)) | 0;
        break;
      default:
        throw new Error(`type ${type} at ${at}`);
    }
    at += view.getUint16(at - 2) + 2;
  }
  return sum >>> 0;
}
