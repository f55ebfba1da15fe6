import { describe, expect, it } from 'vitest';
import { roundTrip } from '../../src/io/doctor-sockets.js';

describe('roundTrip', () => {
  it('countsWhatComesBack', async () => {
    const facts = await roundTrip({ host: '127.0.0.1', family: 4, iface: null, datagrams: 120 });
    expect(facts).toEqual({ opened: true, sent: 120, received: 120, error: null });
  });

  it('saysWhatTheSystemRefused', async () => {
    const elsewhere = await roundTrip({ host: '192.0.2.1', family: 4, iface: null, datagrams: 1 });
    expect(elsewhere).toMatchObject({ opened: false, sent: 0, received: 0, error: expect.stringMatching('192.0.2.1') });
    const group = await roundTrip({ host: '239.255.42.1', family: 4, iface: '192.0.2.1', datagrams: 1 });
    expect(group).toMatchObject({ opened: false, sent: 0, received: 0, error: expect.stringMatching('cannot join') });
  });

  it('sendsNothingWhereTheInterfaceOfAGroupIsRefused', async () => {
    // An address to bind, so that only the sender meets the interface.
    const facts = await roundTrip({ host: '127.0.0.1', family: 4, iface: 'nonsense', datagrams: 1 });
    expect(facts).toMatchObject({ opened: true, sent: 0, received: 0, error: expect.any(String) });
  });
});
