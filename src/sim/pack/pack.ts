/**
 * The whole specification as messages: every type of ITCH 5.0, every template of a version of MDP 3.0, with every field
 * at its least, its most, its null value, every code that it has, and groups of no, one, several and as many entries as
 * there can be. Each message comes with the values that a correct parser reads.
 */
import { itch50, itch50Table } from '../../protocol/itch50/index.js';
import { mdp3, mdp3SchemaOf, mdp3Table } from '../../protocol/mdp3/index.js';
import type { AnyGroup, SbeField, SbeMessage } from '../../schema/sbe/schema.js';
import { itchSamples } from './itch-samples.js';
import { sbeSamples } from './sbe-samples.js';

/** One message, what it tries, and what it says. */
export interface PackMessage {
  /** Such as `AddOrder: shares maximum`. */
  readonly tries: string;
  readonly bytes: Uint8Array;
  /** As `decode` prints them: `type`, `name`, fields, groups. */
  readonly values: Readonly<Record<string, unknown>>;
}

type Values = Record<string, unknown>;

/** Groups are filled to their most where the message then stays below this many bytes. */
const mostBytes = 9000;
const several = ['typical', 'maximum', 'minimum'] as const;
const wholeLabels = ['typical', 'minimum', 'maximum', 'null'] as const;

/** Every message of ITCH. */
export function itchPack(): PackMessage[] {
  return itch50Table.messages.flatMap((message) => {
    const { type, name } = message;
    const samples = message.fields.map((field) => ({ name: field.name, all: itchSamples(field) }));
    const valuesOf = (labelOf: (field: string) => string): Values => {
      const fields = samples.map(({ name: field, all }) => {
        const label = labelOf(field);
        return [field, (all.find((one) => one.label === label) ?? all[0])?.value];
      });
      return { type, name, ...Object.fromEntries(fields) };
    };
    const made = (tries: string, values: Values): PackMessage => ({
      tries: `${name}: ${tries}`,
      bytes: itch50.encode(values as never),
      values,
    });
    return [
      ...wholeLabels.map((label) =>
        made(
          `all ${label}`,
          valuesOf(() => label),
        ),
      ),
      ...samples.flatMap(({ name: field, all }) =>
        all.slice(1).map(({ label }) =>
          made(
            `${field} ${label}`,
            valuesOf((one) => (one === field ? label : 'typical')),
          ),
        ),
      ),
    ];
  });
}

/** Every message of a version of MDP; throws UsageError for one that is not built in. */
export function mdpPack(version: number): PackMessage[] {
  const ids = new Set(mdp3SchemaOf(version).messages.map(({ id }) => id));
  return (mdp3Table.messages as readonly SbeMessage[])
    .filter(({ id }) => ids.has(id))
    .flatMap((message) => new MessagePack(message, version).messages());
}

/** The messages of one template. */
class MessagePack {
  private readonly known = new Map<SbeField, ReturnType<typeof sbeSamples>>();

  constructor(
    private readonly message: SbeMessage,
    private readonly version: number,
  ) {}

  messages(): PackMessage[] {
    const { message } = this;
    const whole = wholeLabels.map((label) => this.made(`all ${label}`, this.root(label), () => [label]));
    const ofRoot = message.fields.flatMap((field) =>
      this.others(field).map(({ label, value }) => {
        const root = { ...this.root('typical'), [field.name]: value };
        return this.made(`${field.name} ${label}`, root, () => ['typical']);
      }),
    );
    return [...whole, ...ofRoot, ...message.groups.flatMap((group) => this.ofGroup(group))];
  }

  private ofGroup(group: AnyGroup): PackMessage[] {
    if (group.sinceVersion > this.version) return [];
    const root = this.root('typical');
    const sized = (tries: string, labels: readonly string[]): PackMessage =>
      this.made(`${group.name} ${tries}`, root, (one) => (one === group ? labels : ['typical']));
    const { maxEntries } = group.dimension;
    const isSmall = maxEntries * group.blockLength <= mostBytes;
    const many = Array.from(
      { length: isSmall ? maxEntries : 0 },
      (_, index) => several[index % several.length] as string,
    );
    return [
      sized('empty', []),
      sized('of several entries', several),
      ...(isSmall ? [sized(`of ${maxEntries} entries`, many)] : []),
      ...group.fields.flatMap((field) =>
        this.others(field).map(({ label, value }) => {
          const values = this.made('', root, (one) => (one === group ? ['typical', 'typical'] : [])).values;
          const [first, second] = values[group.name] as [Values, Values];
          const changed = { ...values, [group.name]: [first, { ...second, [field.name]: value }] };
          return this.written(`${group.name}.${field.name} ${label}`, changed);
        }),
      ),
    ];
  }

  /** The samples of a field beside its typical one. */
  private others(field: SbeField): ReturnType<typeof sbeSamples> {
    return field.sinceVersion > this.version ? [] : this.samples(field).slice(1);
  }

  private samples(field: SbeField): ReturnType<typeof sbeSamples> {
    const samples = this.known.get(field) ?? sbeSamples(field, this.version);
    this.known.set(field, samples);
    return samples;
  }

  private root(label: string): Values {
    const { id, name, fields } = this.message;
    const { version } = this;
    return { type: `${id}`, name, templateId: id, version, ...this.block(fields, label) };
  }

  /** What a version does not have is null. */
  private block(fields: readonly SbeField[], label: string): Values {
    const { version } = this;
    const entries = fields.map((field) => {
      if (field.sinceVersion > version) return [field.name, null];
      const samples = this.samples(field);
      return [field.name, (samples.find((one) => one.label === label) ?? samples[0])?.value];
    });
    return Object.fromEntries(entries);
  }

  private made(tries: string, root: Values, entriesOf: (group: AnyGroup) => readonly string[]): PackMessage {
    const groups = this.message.groups.map((group) => [
      group.name,
      group.sinceVersion > this.version ? null : entriesOf(group).map((label) => this.block(group.fields, label)),
    ]);
    return this.written(tries, { ...root, ...Object.fromEntries(groups) });
  }

  private written(tries: string, values: Values): PackMessage {
    return { tries: `${this.message.name}: ${tries}`, bytes: mdp3.encode(values), values };
  }
}
