/** The conformance pack: that it is the whole specification, and that all decode paths read what it says. */
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { itch50, itch50Table } from '../../../src/protocol/itch50/index.js';
import { mdp3, mdp3SchemaOf, mdp3Table, mdp3Versions } from '../../../src/protocol/mdp3/index.js';
import type { Engine } from '../../../src/schema/compile.js';
import { accessorNames } from '../../../src/schema/field.js';
import type { SbeFlyweightBase } from '../../../src/schema/sbe/flyweight.js';
import type { SbeValues } from '../../../src/schema/sbe/plain-values.js';
import type { SbeMessage } from '../../../src/schema/sbe/schema.js';
import { itchPack, mdpPack, type PackMessage } from '../../../src/sim/pack/pack.js';
import { differences } from '../../schema/sbe/check-flyweight.js';

// Programs are started, or the whole of a specification is read, on whatever machine this is.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
const engines: readonly Engine[] = ['compiled', 'interpreted'];

describe('ITCH 5.0', () => {
  const pack = itchPack();

  it('every type, and every field of it at its least, its most and, of text, blank', () => {
    expect(new Set(pack.map(({ values }) => values.type)).size).toBe(23);
    for (const { name, fields } of itch50Table.messages) {
      for (const field of fields) {
        const seen = new Set(pack.filter(({ values }) => values.name === name).map(({ values }) => values[field.name]));
        const isText = field.kind === 'char' || field.kind === 'alpha';
        const most = 2n ** BigInt(8 * field.length) - 1n;
        const wanted = isText
          ? ['', '~'.repeat(field.length)]
          : field.kind === 'u64'
            ? ['0', `${most}`]
            : [0, Number(most)];
        for (const value of wanted) expect(seen, `${name}.${field.name}`).toContain(value);
        for (const code of Object.keys(field.values ?? {})) expect(seen, name + field.name).toContain(code.trimEnd());
      }
    }
  });

  it('objects, JSON and binary-parser read what it says', () => {
    const json = itch50.jsonWriter();
    const reference = itch50.referenceDecoder();
    for (const { tries, bytes, values } of pack) {
      expect(itch50.toObject(viewOf(bytes), 0, bytes.length), tries).toEqual(values);
      expect(JSON.parse(`{${json(viewOf(bytes), 0)}}`), tries).toEqual(values);
      expect(reference(bytes), tries).toEqual(values);
    }
  });

  it.each(engines)('%s accessors read what it says', (engine) => {
    for (const { tries, bytes, values } of pack) {
      const message = itch50Table.messages.find(({ name }) => name === values.name);
      const flyweight = itch50.createFlyweight(values.name as 'AddOrder', engine) as never as Record<string, unknown>;
      (flyweight.wrap as (view: DataView, offset: number) => void).call(flyweight, viewOf(bytes), 0);
      for (const field of message?.fields ?? []) {
        const read = flyweight[field.name];
        const value = values[field.name];
        const where = `${tries}, ${field.name}`;
        if (field.kind === 'u64') {
          const [, high, low] = accessorNames(field).map((name) => flyweight[name]);
          expect((BigInt(high as number) << 32n) + BigInt(low as number), where).toBe(BigInt(value as string));
        } else expect(read, where).toBe(field.kind === 'char' && value === '' ? ' ' : value);
      }
    }
  });
});

describe.each(mdp3Versions)('MDP 3.0 version %i', (version) => {
  let pack: PackMessage[] = [];
  beforeAll(() => {
    pack = mdpPack(version);
  });

  it('every template, every field with its null, every value of an enumeration, groups of 0, 1 and several', () => {
    const schema = mdp3SchemaOf(version);
    expect(new Set(pack.map(({ values }) => values.templateId))).toEqual(new Set(schema.messages.map(({ id }) => id)));
    for (const message of schema.messages) {
      const ofIt = pack.filter(({ values }) => values.templateId === message.id).map(({ values }) => values);
      for (const group of message.groups) {
        const counts = new Set(ofIt.map((values) => (values[group.name] as unknown[]).length));
        for (const count of [0, 1, 3]) expect(counts, `${message.name}.${group.name}`).toContain(count);
      }
      for (const block of [message, ...message.groups]) {
        const values = block === message ? ofIt : ofIt.flatMap((one) => one[block.name] as Record<string, unknown>[]);
        for (const field of block.fields) {
          const seen = new Set(values.map((one) => JSON.stringify(one[field.name])));
          const where = `${message.name} ${block.name} ${field.name}`;
          if (field.nullValue !== null && field.presence !== 'constant') expect(seen, where).toContain('null');
          if (field.type.kind !== 'enum' || field.presence === 'constant') continue;
          expect(seen.size, where).toBeGreaterThanOrEqual(field.type.values.length);
        }
      }
    }
  });

  it('objects, JSON and binary-parser read what it says', () => {
    const json = mdp3.jsonWriter();
    const reference = mdp3.referenceDecoder();
    for (const { tries, bytes, values } of pack) {
      const view = viewOf(bytes);
      expect(JSON.stringify(mdp3.toObject(view, 0, bytes.length)), tries).toBe(JSON.stringify(values));
      expect(JSON.parse(`{${json(view, 0, bytes.length)}}`), tries).toEqual(values);
      expect(reference(bytes), tries).toEqual(values);
    }
  });

  it.each(engines)('%s accessors read what it says', (engine) => {
    const flyweights = new Map<string, SbeFlyweightBase>();
    const counted = { fields: 0 };
    for (const { tries, bytes, values } of pack) {
      const name = values.name as 'AdminHeartbeat12';
      const flyweight = flyweights.get(name) ?? mdp3.createFlyweight(name, engine);
      flyweights.set(name, flyweight);
      flyweight.wrap(viewOf(bytes), 0, bytes.length);
      const message = mdp3Table.messages.find((one) => one.name === name) as SbeMessage;
      expect(differences(mdp3Table, message, flyweight, values as SbeValues, counted), tries).toEqual([]);
    }
    expect(counted.fields).toBeGreaterThan(pack.length);
  });
});
