/** What deadlines must be, in BigInt: the floor of the exact rational, never less than one before. */
import { parseSpeed, type Rate } from '../../src/replay/rate.js';

export const hourNs = 3_600_000_000_000;

/** Awkward ones among them: periods and ratios that no decimal, binary or integer holds. */
export const pacedSpeeds = [
  '1msg/s',
  '7Mmsg/s',
  '50Mps',
  '999983msg/s',
  '0.3msg/s',
  '1/3msg/s',
  '99.5kpps',
  '100kpps',
  '3pps',
  '14.88095238095Mpps',
  '1.2345Gbps',
  '1Gbps',
  '9600bps',
  '123456789.012345bps',
];

export const originalSpeeds = ['1x', '1/3x', '0.1x', '10x', '7x', '3.7x', '99.9x', '0.9999999x', '123456.789012345x'];

/** The exact deadline's floor, for captureNs since the first datagram and units before this one. */
export function exactDeadline(rate: Rate, captureNs: bigint, units: bigint): bigint {
  if (rate.mode === 'max') return 0n;
  if (rate.mode === 'original') {
    return floorDivide(captureNs * BigInt(rate.speedup.denominator), BigInt(rate.speedup.numerator));
  }
  const { numerator, denominator } = rate.perSecond;
  return floorDivide(units * 1_000_000_000n * BigInt(denominator), BigInt(numerator));
}

export function rateOf(speed: string): Rate {
  return parseSpeed(speed);
}

export function unitsOf(rate: Rate, messages: number, bits: number): number {
  if (rate.mode === 'messages') return messages;
  if (rate.mode === 'packets') return 1;
  return rate.mode === 'bits' ? bits : 0;
}

function floorDivide(a: bigint, b: bigint): bigint {
  return a / b - (a % b < 0n ? 1n : 0n);
}
