/**
 * tickreel as a library: read, decode, replay and measure market-data captures.
 *
 * The commands are built from what is exported here and nothing else.
 */

export { captureFigure } from './analysis/capture-figure.js';
export { CaptureInput, type CaptureInputOptions, type FileReport } from './analysis/capture-input.js';
export { CapturePlot } from './analysis/capture-plot.js';
export { type Input, type InputSpec, inputSpecOf, type ProtocolChoice } from './analysis/input.js';
export { Inspection, type InspectionReport } from './analysis/inspection.js';
export { LineNames, type LineSpec, noLines, parseLineEndpoint } from './analysis/line-names.js';
export type { LinesReport } from './analysis/lines-report.js';
export { type FeedHandlers, type FeedOptions, MessageFeed } from './analysis/message-feed.js';
export { type MessageWriter, messageWriter, type WriterFlags } from './analysis/message-writer.js';
export { CaptureReader } from './capture/capture-reader.js';
export { FlowTable } from './capture/flow.js';
export { PcapWriter } from './capture/pcap-writer.js';
export { PcapngWriter } from './capture/pcapng-writer.js';
export {
  parseIpRule,
  parseMacRule,
  parsePortRule,
  parseVlanRule,
  type RewriteRules,
} from './capture/rewrite-rules.js';
export { TcpHeader } from './capture/tcp.js';
export { type TcpCounts, TcpStreams } from './capture/tcp-streams.js';
export { type ClockBase, MonotonicClock, VirtualClock, WallClock } from './core/clock.js';
export * from './core/errors.js';
export { exitCode, worstExitCode } from './core/exit-code.js';
export { type HistogramSummary, initHistograms, SignedHistogram } from './core/histogram.js';
export { Random } from './core/random.js';
export { createRing, type RingFullPolicy, RingReader, RingWriter } from './core/ring.js';
export type * from './core/seams.js';
export { type ChunkReader, controlBytes, SharedChunks } from './core/shared-chunks.js';
export { TextBuffer } from './core/text-buffer.js';
export { PacedWaiter, type PacedWaiterOptions, type Pacing, VirtualWaiter, type Waiter } from './core/waiter.js';
export {
  type AckAddress,
  type AckCounter,
  openAckCounter,
  parseAckAddress,
  serveAckCounter,
} from './io/ack-counter.js';
export { type CaptureOutputSpec, openCaptureOutput } from './io/capture-output.js';
export { type EthernetSink, openEthernetSink } from './io/ethernet-sink.js';
export {
  type CountingOutput,
  type MessageOutputSpec,
  type OutputCounts,
  openMessageOutput,
} from './io/message-output.js';
export { batchedSockets } from './io/native/batched-sockets.js';
export { type CaptureFile, openCapture } from './io/open-capture.js';
export { openUdpSender, type UdpSendOptions } from './io/open-udp-sink.js';
export { openPcapSink } from './io/pcap-sink.js';
export type { Sender } from './io/senders.js';
export { openSoupServer, SoupBinTCPServer, type SoupServerOptions } from './io/soupbintcp-server.js';
export { waitedForCpuNs } from './io/thread-time.js';
export { openUdpReceiver, type UdpReceiver, type UdpReceiverOptions } from './io/udp-receiver.js';
export { openUdpSink } from './io/udp-sink.js';
export { drawFigure } from './plot/figure.js';
export type * from './plot/model.js';
export * from './protocol/itch50/index.js';
export * from './protocol/mdp3/index.js';
export type { Answer, Command, ReplayStatus } from './replay/command.js';
export { ReplayControl } from './replay/control.js';
export type { LineFaults } from './replay/faults/counts.js';
export type { Fault, FaultPlan } from './replay/faults/fault.js';
export { parseFaults } from './replay/faults/parse.js';
export { type FilterSpec, noFilter } from './replay/filter.js';
export type { RenamedSession, SharedFeed } from './replay/overlay.js';
export type { PeakOptions } from './replay/peak.js';
export { parseRate, parseSpeed, type Rate, type RateOptions } from './replay/rate.js';
export { createSchedule, type Schedule } from './replay/schedule.js';
export type { Shape, ShapeBurst, ShapeLine } from './replay/shape.js';
export { parseShape, type ShapedRate } from './replay/shape-parser.js';
export { type DatagramHandler, HandlerSink, NullSink, RingSink } from './replay/sinks.js';
export { Arbitration, type ArbitrationListener, type ArbitrationSpec } from './run/arbitration.js';
export { checkHere, checkParser } from './run/check-capture.js';
export type { CheckOptions, CheckReport, CheckVerdict } from './run/check-spec.js';
export { type ConformanceSpec, type PackFile, writeConformancePack } from './run/conformance.js';
export { Conversion } from './run/convert.js';
export { type ConvertOptions, type ConvertReport, type ConvertSpec, convertSpecOf } from './run/convert-spec.js';
export { type DiffOptions, type DiffReport, type DiffSide, diffCaptures } from './run/diff.js';
export { type DoctorFacts, type DoctorReport, examine } from './run/doctor.js';
export type { Check } from './run/doctor-checks.js';
export {
  type CaptureEvent,
  type CaptureMessage,
  captureEvents,
  captureMessages,
  type ExpectOptions,
  expectDecodesLike,
  forEachMessage,
} from './run/expect.js';
export { type FaultSources, faultSpecOf, loadFaultPlan } from './run/fault-plan.js';
export {
  type FindLimitHooks,
  type FindLimitOptions,
  findLimit,
  type LimitResult,
  type LimitTry,
} from './run/find-limit.js';
export { type GenerateSpec, type GenerateTruth, Generation } from './run/generate.js';
export { type Mdp3GenerateSpec, type Mdp3GenerateTruth, Mdp3Generation } from './run/generate-mdp3.js';
export { checkGolden, goldenInput } from './run/golden-check.js';
export { type GoldenMakeOptions, type GoldenMakeReport, makeGolden } from './run/golden-make.js';
export { type IndexOptions, type IndexReport, indexCapture } from './run/index-capture.js';
export { type DatagramBatch, type ReplayOptions, replay, replayBatches } from './run/library.js';
export { Listener, type ListenReport, type ListenSpec } from './run/listen.js';
export { checkMutations, type MutationCheckSpec, type MutationResult } from './run/mutations/check.js';
export { type MutateReport, type MutateSpec, mutateCapture } from './run/mutations/mutate.js';
export { pacingFigure } from './run/pacing-figure.js';
export type {
  Emit,
  MessageParser,
  PacketContext,
  PacketParser,
  ParserContext,
  ParserLike,
} from './run/parser-contract.js';
export { type ParserSpec, parserSpecFrom, parserSpecOf } from './run/parser-spec.js';
export { openReplay, type Player, type PlayerOptions, type Stepped } from './run/player.js';
export { Recorder, type RecordReport } from './run/record.js';
export { type RecordSpec, recordFormatOf } from './run/record-spec.js';
export { runReplay } from './run/replay.js';
export { replayFigure } from './run/replay-figure.js';
export { type ReplayOutcome, type ReplayReport, type ReplaySpec, replayDefaults } from './run/replay-spec.js';
export { runReplayThread } from './run/replay-thread.js';
export type { FaultSpec, FaultsReport } from './run/run-faults.js';
export {
  bestBusyPollUs,
  defaultPacingLimits,
  type PacingBreach,
  type PacingLimits,
  type VerifyOutcome,
  type VerifyReport,
  type VerifySpec,
  verifyPacing,
} from './run/verify-pacing.js';
export type { BatchDecoder, BatchHandlers, BatchOptions } from './schema/batch-decoder.js';
export { BlockCounter, type BlockCounterOptions } from './schema/block-counter.js';
export { type Codec, createCodec } from './schema/codec.js';
export type { ColumnArray, Columns, ColumnsOptions } from './schema/columns.js';
export { canGenerateCode, type Decoder, type Engine } from './schema/compile.js';
export type { CsvWriter } from './schema/csv.js';
export type { EncodeOptions } from './schema/encode.js';
export {
  alpha,
  char,
  type Enumeration,
  type Field,
  type FieldKind,
  type FieldOptions,
  u8,
  u16,
  u32,
  u48,
  u64,
} from './schema/field.js';
export type { RandomSource } from './schema/generate.js';
export type { JsonOptions, JsonWriter, ValueOptions } from './schema/json.js';
export { MessagePartition, PARTITION_BYTES, type TypeBatch } from './schema/partition.js';
export { buildParser, type ReferenceDecoder } from './schema/reference-decoder.js';
export { type AnySbeCodec, createCatalogue, type SbeCatalogue } from './schema/sbe/catalogue.js';
export { createSbeCodec, type SbeCodec, type SbeCsvWriter, type SbeJsonWriter } from './schema/sbe/codec.js';
export type { SbeEncodeOptions } from './schema/sbe/encode.js';
export type { SbeCursorBase, SbeDecoder, SbeFlyweightBase } from './schema/sbe/flyweight.js';
export type { SbeGenerateOptions } from './schema/sbe/generate.js';
export {
  type SbeInput,
  type SbeObjectOptions,
  type SbePlain,
  type SbePlainEnum,
  type SbePlainSet,
  type SbeSelectOptions,
  type SbeValueOptions,
  type SbeValues,
  type SbeWire,
  wireBytes,
} from './schema/sbe/plain-values.js';
export type { SbeReferenceDecoder } from './schema/sbe/reference-decoder.js';
export type * from './schema/sbe/schema.js';
export type { SbeSkip } from './schema/sbe/skipped.js';
/** Schemas of Simple Binary Encoding as tables: `sbe.message`, `sbe.field` and so on. */
export * as sbe from './schema/sbe/table.js';
export type { SbeCursor, SbeFlyweight, SbeHandlers, SbeMessageName, SbeRest } from './schema/sbe/types.js';
export { schemaAt } from './schema/sbe/version.js';
export { createWalker, type SbeFault, type SbeWalker } from './schema/sbe/walk.js';
export { readSbeXml } from './schema/sbe/xml.js';
export { type Message, type MessageInfo, message, type Protocol, protocol } from './schema/table.js';
export type {
  AnyValues,
  ColumnArrays,
  ColumnName,
  Flyweight,
  FlyweightBase,
  Handlers,
  Integer64,
  MessageName,
  PlainValues,
  Values,
} from './schema/types.js';
export { Arbiter, type ArbiterListener, type ArbiterOptions } from './session/arbiter.js';
export { BinaryFileReader } from './session/binaryfile.js';
export { SessionDemux } from './session/demux.js';
export { LineArbiter, type LineArbiterOptions, type LinesListener } from './session/line-arbiter.js';
export type * from './session/line-report.js';
export { LineStatistics } from './session/line-statistics.js';
export * from './session/moldudp64-header.js';
export { MoldUDP64Packer } from './session/packer.js';
export { SequenceTracker } from './session/sequence-tracker.js';
export { SoupBridge, type SoupBridgeOptions } from './session/soup-bridge.js';
export * from './session/soupbintcp-writer.js';
export { type FaultShare, parseFaultShare } from './sim/fault-draw.js';
export { type FaultOptions, type FaultsTruth, FaultyLines } from './sim/faults.js';
export { ItchSession, type ItchSessionOptions } from './sim/itch-session.js';
export { feedNameOf, Mdp3Session, type Mdp3SessionOptions } from './sim/mdp3/session.js';
export type { Mdp3SessionTruth } from './sim/mdp3/truth.js';
export type { MutationKind } from './sim/mutations/kind.js';
export { kindsNamed, mutationKinds } from './sim/mutations/kinds.js';
export type { SessionTruth } from './sim/truth.js';
