import { expect, test } from 'vitest';
import { CaptureReader } from '../../src/capture/capture-reader.js';
import { itch50 } from '../../src/protocol/itch50/index.js';
import { SessionDemux } from '../../src/session/demux.js';
import { describeCaptures, listCaptures, readCapture } from '../support/captures.js';
import { EventLog } from './support.js';

const folders = ['ouch', 'jnx', 'fix', 'ilink3', 'mdp3', 'cta', 'utp', 'other', 'formats', 'itch50'];
const files = folders.flatMap(listCaptures).filter((path) => /\.(pcap|pcapng)$/.test(path));

/** Decodes the TCP streams of a capture; `pieces` counts what there was of them. */
function decode(path: string) {
  const log = new EventLog();
  const demux = new SessionDemux(log, { lengthOf: itch50.lengthOf });
  const reader = new CaptureReader({ onDamage: () => {} });
  reader.push(readCapture(path));
  reader.end();
  let pieces = 0;
  while (reader.next()) {
    const { view, offset, length, flow, join, packetNumber, fileOffset } = reader;
    if (join === undefined || flow.transport !== 'TCP') continue;
    pieces++;
    demux.segment(view, offset, length, 0, flow, join, packetNumber, fileOffset);
  }
  demux.finish();
  const { events, damages } = log;
  return { events, damages, pieces, flows: demux.flows(), sessions: demux.sessions() };
}

describeCaptures('SoupBinTCP is recognised in the captures that are, and in no other', () => {
  const outcomes = files.map((path) => ({ path, ...decode(path) }));

  test('there are TCP streams of others to tell apart', () => {
    const others = outcomes.filter(({ path, pieces }) => pieces > 0 && !/ouch/i.test(path));
    const present = new Set(others.map(({ path }) => path.split('/')[0]));
    expect([...present].sort()).toEqual(expect.arrayContaining(['fix', 'formats', 'ilink3', 'mdp3']));
  });

  test('files', () => {
    const recognised = outcomes.filter(({ flows }) => flows.some((flow) => flow.recognisedAs === 'SoupBinTCP'));
    expect(recognised.map(({ path }) => path)).toEqual(files.filter((path) => /ouch/i.test(path)));
    expect(recognised.flatMap(({ damages }) => damages)).toEqual([]);
  });
});

describeCaptures('OUCH over SoupBinTCP', () => {
  const of = (path: string) => {
    const { flows, sessions, events } = decode(path);
    return {
      flow: flows[0],
      session: sessions[0],
      events: events.map((event) => event.split(' ').slice(0, 2).join(' ')),
    };
  };
  const jnx = 'jnx/JnxEquities.Pts.Ouch.v1.11';

  test.each([
    ['ouch/CancelOrderMessage.pcap', 'client', ['message 0']],
    ['ouch/CanceledMessage.pcap', 'server', ['message 0']],
    ['ouch/ClientHeartbeatPacket.pcap', 'client', []],
    ['ouch/EnterOrderMessage.pcap', 'client', ['message 0']],
    ['ouch/OrderAcceptedMessage.pcap', 'server', ['message 0']],
    ['ouch/ServerHeartbeatPacket.pcap', 'server', ['heartbeat 0']],
    [`${jnx}/EnterOrderMessage.pcap`, 'client', ['message 0']],
    [`${jnx}/OrderAcceptedMessage.pcap`, 'server', ['message 0']],
    [`${jnx}/ReplaceOrderMessage.pcap`, 'client', ['message 0']],
  ])('%s: from the %s', (path, direction, events) => {
    const outcome = of(path);
    expect(outcome.flow).toMatchObject({ direction, skipped: 0, pending: 0, unrecognisedPackets: 0 });
    expect(outcome.events).toEqual(events);
  });

  test('logins', () => {
    const request = of(`${jnx}/LoginRequestPacket.pcap`);
    expect(request.flow).toMatchObject({ direction: 'client', logins: 1, user: 'user' });
    expect(request.session).toBeUndefined();
    const accepted = of(`${jnx}/LoginAcceptedPacket.pcap`);
    expect(accepted.flow).toMatchObject({ direction: 'server', logins: 1 });
    expect(accepted.session).toMatchObject({ session: '1689192121', protocol: 'SoupBinTCP', messages: 0 });
  });
});
