/** A reader of pieces and datagrams made by hand, for what wraps readers. */
import type { DatagramReader, Flow, Join } from '../../src/core/seams.js';
import { tcpFlow } from './soup.js';
import { embed } from './support.js';

export interface Input {
  bytes: Uint8Array;
  flow?: Flow;
  join?: Join;
  truncated?: boolean;
}

export const server = tcpFlow(0);

/** Gives what it is made of, a second apart, each in a view that is overwritten when the next one comes. */
export class Pieces implements DatagramReader {
  view = new DataView(new ArrayBuffer(0));
  offset = 0;
  length = 0;
  seconds = 100;
  nanoseconds = 5;
  packetNumber = 0;
  fileOffset = 0;
  done = false;
  flow: Flow = server;
  join: Join = 'start';
  truncated = false;
  pushed = 0;
  private readonly seen = new Set<Flow>();

  constructor(private readonly inputs: readonly Input[]) {}

  next(): boolean {
    new Uint8Array(this.view.buffer).fill(0xdd);
    const input = this.inputs[this.packetNumber];
    this.done = input === undefined;
    if (input === undefined) return false;
    Object.assign(this, embed(input.bytes));
    this.flow = input.flow ?? server;
    this.join = input.join ?? (this.seen.has(this.flow) ? 'next' : 'start');
    this.seen.add(this.flow);
    this.truncated = input.truncated ?? false;
    this.packetNumber++;
    this.seconds++;
    this.fileOffset += 100;
    return true;
  }

  push(): void {
    this.pushed++;
  }

  end(): void {
    this.pushed += 100;
  }
}
