/** The sum of all fields: by generated code, by the interpreter, and as the bench's handlers have it by hand. */
import { describe, expect, it } from 'vitest';
import { checksum, checksumHandlers, resetChecksum } from '../../bench/handlers.js';
import { mdpChecksum, mdpChecksumHandlers, resetMdpChecksum } from '../../bench/mdp-handlers.js';
import { buildMdpSession } from '../../bench/mdp-session.js';
import { buildSession } from '../../bench/session.js';
import { Random } from '../../src/core/random.js';
import { itch50, itch50Table } from '../../src/protocol/itch50/index.js';
import { mdp3 } from '../../src/protocol/mdp3/index.js';
import { type FieldSum, fieldSumHandlers, fieldSumSource } from '../../src/schema/field-sum.js';
import { sbeFieldSumHandlers, sbeFieldSumSource } from '../../src/schema/sbe/field-sum.js';

const session = buildSession(5000);
const channel = buildMdpSession(2000).bytes;

describe('sum of all fields of ITCH', () => {
  it('is that of handlers written by hand', () => {
    resetChecksum();
    const view = viewOf(session);
    itch50.createDecoder(checksumHandlers).decodeBlocks(view, 0, view.byteLength);
    expect(itchSum()).toBe(checksum());
  });

  it('is the same without generated code', () => {
    const compiled = itchSum();
    expect(withoutCodeGeneration(itchSum)).toBe(compiled);
  });

  it('changes with any byte behind the type', () => {
    for (const message of itch50Table.messages) {
      const bytes = itch50.generate(new Random(7), message);
      const before = sumOf(bytes);
      for (let at = 1; at < bytes.length; at++) {
        bytes[at] ^= 1;
        expect(sumOf(bytes), `${message.name} byte ${at}`).not.toBe(before);
        bytes[at] ^= 1;
      }
    }
  });

  it('has a source without anything but names of the table', () => {
    expect(fieldSumSource(itch50Table)).toContain('sum = (sum + message.orderReferenceNumberHigh) | 0;');
  });
});

describe('sum of all fields of MDP 3.0', () => {
  it('is that of handlers written by hand', () => {
    resetMdpChecksum();
    const view = viewOf(channel);
    mdp3.createDecoder(mdpChecksumHandlers).decodePacket(view, 0, view.byteLength);
    expect(mdpSum()).toBe(mdpChecksum());
  });

  it('is the same without generated code', () => {
    const compiled = mdpSum();
    expect(withoutCodeGeneration(mdpSum)).toBe(compiled);
  });

  it('reads groups entry by entry', () => {
    expect(sbeFieldSumSource(mdp3.schema)).toContain('while (block1.next()) {');
  });
});

function itchSum(): number {
  const total: FieldSum = { sum: 0 };
  const view = viewOf(session);
  itch50.createDecoder(fieldSumHandlers(itch50, total)).decodeBlocks(view, 0, view.byteLength);
  return total.sum >>> 0;
}

function mdpSum(): number {
  const total: FieldSum = { sum: 0 };
  const view = viewOf(channel);
  mdp3.createDecoder(sbeFieldSumHandlers(mdp3.schema, total)).decodePacket(view, 0, view.byteLength);
  return total.sum >>> 0;
}

function sumOf(bytes: Uint8Array): number {
  const total: FieldSum = { sum: 0 };
  itch50.createDecoder(fieldSumHandlers(itch50, total)).decode(viewOf(bytes), 0, bytes.length);
  return total.sum;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** As under --disallow-code-generation-from-strings. */
function withoutCodeGeneration<T>(act: () => T): T {
  const real = globalThis.Function;
  const refuse = (): never => {
    throw new EvalError('Code generation from strings disallowed for this context');
  };
  globalThis.Function = Object.assign(refuse, { prototype: real.prototype }) as never;
  try {
    return act();
  } finally {
    globalThis.Function = real;
  }
}
