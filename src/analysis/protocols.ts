/** What the streams of a run may speak: ITCH, and MDP by its schemas, channel configuration and definitions. */
import { UsageError } from '../core/errors.js';
import type { Flow, Stream } from '../core/seams.js';
import { readTextFile } from '../io/text-input.js';
import { type ChannelConnection, type ChannelDirectory, readChannels } from '../protocol/mdp3/channels.js';
import { mdp3, mdp3SchemaOf, mdp3Versions } from '../protocol/mdp3/index.js';
import type { FilterSpec, FilterSurroundings } from '../replay/filter.js';
import { MessageFilter } from '../replay/filter.js';
import { SbeFilter } from '../replay/sbe-filter.js';
import { type AnySbeCodec, createCatalogue, type SbeCatalogue } from '../schema/sbe/catalogue.js';
import { createSbeCodec, type SbeCodec } from '../schema/sbe/codec.js';
import { readSbeXml } from '../schema/sbe/xml.js';
import { type Application, itch50Application } from './application.js';
import { chosenProtocol, type InputSpec } from './input.js';
import { itch50Landmarks } from './landmarks.js';
import { Mdp3Application } from './mdp3-application.js';

/** The largest file of templates or channels that is read; the exchange's are below 200 kB and 1 MB. */
const maxTextBytes = 64 << 20;
const shownChannels = 10;

export class Protocols implements FilterSurroundings {
  readonly mdp3: Mdp3Application;
  /** Null where no configuration was given. */
  readonly channels: ChannelDirectory | null;

  /** The catalogue of MDP's schemas is made when the first message of MDP asks for it. */
  constructor(makeCatalogue: () => SbeCatalogue, channels: ChannelDirectory | null) {
    this.mdp3 = new Mdp3Application(makeCatalogue);
    this.channels = channels;
  }

  of(stream: Stream): Application {
    return isMdp3(stream) ? this.mdp3 : itch50Application;
  }

  /** Whether the user or the framing settles what the stream speaks. */
  isSettled(spec: InputSpec, stream: Stream): boolean {
    return isMdp3(stream) || chosenProtocol(spec, stream.flow) === 'itch50';
  }

  /** Filters for messages of either protocol, which share a spec; throws UsageError for what neither understands. */
  filters(spec: FilterSpec): { itch: MessageFilter; mdp3: SbeFilter } {
    this.checkLines(spec);
    return { itch: new MessageFilter(spec, itch50Landmarks, this), mdp3: new SbeFilter(spec, this.mdp3) };
  }

  /** Whether a message of MDP is known and wanted; a definition is learned from first, so that it can name itself. */
  wantsMdp3(filter: SbeFilter, view: DataView, offset: number, length: number): boolean {
    const { mdp3 } = this;
    if (!mdp3.isKnown(view, offset, length)) return false;
    if (filter.learns) mdp3.learn(view, offset, length);
    return filter.acceptsMessage(view, offset, length);
  }

  /** Any number is a template's id: there may be messages of one that no schema at hand has. */
  isOtherType(type: string): boolean {
    if (/^\d{1,5}$/.test(type)) return Number(type) < 65_536;
    return this.mdp3.catalogue.codecs.some(({ schema }) => schema.messages.some(({ name }) => name === type));
  }

  /** The connection of the channel configuration that a flow is; null where none is known. */
  lineOf(flow: Flow): ChannelConnection | null {
    return this.channels?.lineOf(flow) ?? null;
  }

  /** What the channel configuration makes of a flow's feed, whatever its line; null where it does not name it. */
  channelKeyOf(flow: Flow): string | null {
    const line = this.lineOf(flow);
    return line === null ? null : `${line.channel} ${line.feedType}`;
  }

  /** The connection by `address:port` of both ends, as reports have it. */
  describeLine(destination: string, source: string) {
    const line = this.channels?.lineAt(destination, source) ?? null;
    if (line === null) return null;
    const { id, channel, label, feedType, feedName, feed } = line;
    return { connection: id, channel, label, feedType, feedName, feed };
  }

  private checkLines({ channels, feeds }: FilterSpec): void {
    if (channels.length + feeds.length === 0) return;
    if (this.channels === null) {
      const given = channels.length > 0 ? '--channel' : '--feed';
      throw new UsageError('channel', `${given} needs the exchange's config.xml, which names them: --channels FILE`);
    }
    const known = this.channels.channels;
    const lost = channels.find((channel) => !known.some(({ id }) => id === channel));
    if (lost !== undefined) {
      const some = known.slice(0, shownChannels).map(({ id }) => id);
      throw new UsageError(
        'channel',
        `--channel ${lost} is not in the configuration, which has ${known.length} channels: ${some.join(', ')}…`,
      );
    }
    const oddFeed = feeds.find((feed) => !/^[A-Z]$/.test(feed));
    if (oddFeed !== undefined) throw new UsageError('feed', `--feed ${oddFeed} is no line: A or B`);
  }
}

/** Whether a stream is framed as CME frames MDP 3.0. */
export function isMdp3(stream: Stream): boolean {
  return stream.protocol === 'MDP3' || stream.protocol === 'MDP3-TCP';
}

/**
 * Reads what the input names beside its captures; throws CaptureError, SchemaError or UsageError, which name the file.
 * Templates take the place of the built-in ones of their schema and version; of other versions those stay.
 */
export function loadProtocols(spec: Pick<InputSpec, 'templates' | 'channels'>): Protocols {
  const own = readTemplates(spec.templates);
  const path = spec.channels;
  const channels = path === null ? null : readChannels(readTextFile(path, maxTextBytes), path);
  return new Protocols(() => createCatalogue([...own, ...builtInBeside(own)]), channels);
}

function readTemplates(paths: readonly string[]): SbeCodec[] {
  const places = new Map<string, string>();
  return paths.map((path) => {
    const schema = readSbeXml(readTextFile(path, maxTextBytes), path);
    const key = `schema ${schema.id}, version ${schema.version}`;
    const other = places.get(key);
    if (other !== undefined) {
      throw new UsageError('templates', `--templates: ${other} and ${path} are both ${key}; give one of them`);
    }
    places.set(key, path);
    return createSbeCodec(schema);
  });
}

/** The built-in templates: one table for all versions, or where some were replaced, the others one by one. */
function builtInBeside(own: readonly SbeCodec[]): AnySbeCodec[] {
  const replaced = own.filter(({ schema }) => schema.id === mdp3.schema.id).map(({ schema }) => schema.version);
  if (replaced.length === 0) return [mdp3];
  return mdp3Versions
    .filter((version) => !replaced.includes(version))
    .map((version) => createSbeCodec(mdp3SchemaOf(version)));
}
