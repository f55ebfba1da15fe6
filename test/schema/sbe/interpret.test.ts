/** Compiled = interpreted: every accessor of every message of MDP 3.0 in each version, on random and mutated bytes. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/core/random.js';
import { mdp3SchemaOf, mdp3Table, mdp3Versions } from '../../../src/protocol/mdp3/index.js';
import { buildSbeAccessors, buildSbeDecoder } from '../../../src/schema/sbe/compile.js';
import { generateMessage } from '../../../src/schema/sbe/generate.js';
import type { SbeMessage, SbeSchema } from '../../../src/schema/sbe/schema.js';
import type { SbeFault } from '../../../src/schema/sbe/walk.js';
import { createWalker } from '../../../src/schema/sbe/walk.js';
import { readSbeXml } from '../../../src/schema/sbe/xml.js';
import { capturePath, capturesPresent, describeCaptures, readCapture } from '../../support/captures.js';
import { dump } from './dump.js';
import { byteOrders, everySchema } from './every.js';

const mutations = 4;

/** Whole messages, and each again with a few bytes changed, its end cut off, or another version in its header. */
function messagesOf(schema: SbeSchema, seed: number): Uint8Array[] {
  const random = new Random(seed);
  return schema.messages.flatMap((message) => {
    const whole = generateMessage(schema, message, random, { maxBytes: 400 });
    const changed = Array.from({ length: mutations }, (_, index) => {
      const bytes = whole.slice(0, index === 0 ? random.below(whole.length) : undefined);
      for (let change = 0; change < index; change++) {
        if (bytes.length > 0) bytes[random.below(Math.min(bytes.length, 200))] = random.nextUint32();
      }
      if (index === 1) bytes[schema.byteOrder === 'littleEndian' ? 6 : 7] = random.below(schema.version + 2);
      return bytes;
    });
    return [whole, ...changed];
  });
}

function runOf(schema: SbeSchema, engine: 'compiled' | 'interpreted', messages: readonly Uint8Array[]) {
  const seen: unknown[] = [];
  const handlers: Record<string, (message: never) => void> = {};
  for (const layout of schema.messages) {
    handlers[layout.name] = (message: object) => void seen.push(dump(layout as SbeMessage, message, false));
  }
  const onFault = (fault: SbeFault) => void seen.push(fault);
  const decoder = buildSbeDecoder(schema, buildSbeAccessors(schema, engine), { ...handlers, onFault }, engine);
  for (const bytes of messages) seen.push(decoder.decode(new DataView(bytes.slice().buffer), 0, bytes.length));
  return seen;
}

function compare(schema: SbeSchema, seed: number): void {
  const messages = messagesOf(schema, seed);
  const compiled = runOf(schema, 'compiled', messages);
  expect(runOf(schema, 'interpreted', messages), `seed ${seed}`).toEqual(compiled);
  const walker = createWalker(schema);
  const fits = messages.map((bytes) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return walker.extentOf(view, 0, bytes.length) !== -1;
  });
  expect(compiled.filter((one) => typeof one === 'boolean')).toEqual(fits);
  expect(fits.filter(Boolean).length).toBeGreaterThanOrEqual(schema.messages.length);
}

describe('compiled = interpreted', () => {
  it.each(byteOrders)('every kind of field, %s', (byteOrder) => {
    for (let seed = 1; seed <= 10; seed++) compare(everySchema(byteOrder), seed);
  });

  it('the built-in table of all versions', () => {
    for (let seed = 1; seed <= 2; seed++) compare(mdp3Table, seed);
  });

  it.each(mdp3Versions)('the built-in table of version %i', (version) => {
    compare(mdp3SchemaOf(version), version);
  });
});

describeCaptures('compiled = interpreted, by the exchange\u2019s files', () => {
  const folder = 'cme-templates';
  const files = capturesPresent ? readdirSync(capturePath(folder)).filter((name) => name.endsWith('.xml')) : [];
  it.each(files)('%s', (name) => {
    compare(readSbeXml(new TextDecoder().decode(readCapture(`${folder}/${name}`)), name), 1);
  });
});
