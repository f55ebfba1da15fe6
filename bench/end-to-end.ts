/** From a capture's bytes to every field of every message: what the cases of whole captures share. */
import {
  type BatchDecoder,
  type CaptureReader,
  type Decoder,
  itch50,
  type MessageListener,
  SessionDemux,
} from 'tickreel';

/** Fails the case: its inputs have nothing to complain of. */
export function fail({ message }: { readonly message: string }): never {
  throw new Error(message);
}

/** The same for messages that no table knows. */
export function failUnknown(_view: DataView, offset: number): void {
  fail({ message: `unknown message at ${offset}` });
}

/** Hands messages to a decoder in batches. */
export function demuxBatches(decoder: BatchDecoder): SessionDemux {
  return demux({
    onMessage: (view, offset, length) => decoder.collect(view, offset, length),
    blocks: decoder,
  });
}

/** Hands messages to a decoder one by one. */
export function demuxMessages(decoder: Decoder): SessionDemux {
  return demux({
    onMessage: (view, offset, length) => {
      decoder.decode(view, offset, length);
    },
  });
}

/** Reads the datagrams at hand. */
export function readDatagrams(reader: CaptureReader, sessions: SessionDemux): void {
  while (reader.next()) {
    const { view, offset, length, flow, packetNumber, fileOffset } = reader;
    sessions.datagram(view, offset, length, reader.nanoseconds, flow, packetNumber, fileOffset);
  }
}

function demux(listener: Pick<MessageListener, 'onMessage'> & Partial<MessageListener>): SessionDemux {
  const strict = { onGap: (from: number) => fail({ message: `gap at ${from}` }), onDamage: fail };
  return new SessionDemux({ ...listener, ...strict }, { lengthOf: itch50.lengthOf });
}
