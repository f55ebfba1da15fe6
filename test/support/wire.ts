/** A virtual cable of the test's own, and what comes out of its far end. */
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cable, layCable } from '../../bench/cable.js';
import { CaptureReader } from '../../src/capture/capture-reader.js';
import { libcAbsence } from '../../src/io/native/libc.js';
import { type Finished, projectRoot, type Running, startProgram } from './cli.js';

const timeoutMs = 60_000;
const main = join(projectRoot, 'dist/cli/main.js');

export class Wire {
  readonly folder = mkdtempSync(join(tmpdir(), 'tickreel-wire-'));
  private received = 0;

  private constructor(readonly cable: Cable) {}

  /** Null, with the reason printed, where namespaces are not permitted or koffi is absent. */
  static async lay(mtu?: number): Promise<Wire | null> {
    const cable = libcAbsence() === null ? await layCable(mtu) : { reason: libcAbsence() };
    if (!('reason' in cable)) return new Wire(cable);
    console.log(`raw Ethernet is not tested here: ${cable.reason}`);
    return null;
  }

  /** Runs a command within the namespace to its end. */
  run(program: string, ...args: string[]): Promise<Finished> {
    const [file, all] = this.cable.within(program, ...args);
    return new Promise((resolve) => {
      execFile(file, all, { cwd: projectRoot, timeout: timeoutMs, encoding: 'utf8' }, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      });
    });
  }

  /** Runs `tickreel` within the namespace. */
  tickreel(...args: string[]): Promise<Finished> {
    return this.run(process.execPath, main, ...args);
  }

  /** Starts `tickreel` within the namespace. */
  start(...args: string[]): Running {
    const [file, all] = this.cable.within(process.execPath, main, ...args);
    return startProgram(file, all);
  }

  /** What arrives at the far end while `send` runs. */
  async receive(send: () => Promise<unknown>): Promise<Buffer[]> {
    const path = join(this.folder, `received-${this.received++}.pcap`);
    const script = join(projectRoot, 'test/support/receive-frames.mjs');
    const [file, args] = this.cable.within(process.execPath, script, this.cable.far, path);
    const receiver = spawn(file, args, { cwd: projectRoot, timeout: timeoutMs });
    let complaint = '';
    receiver.stderr.on('data', (text: Buffer) => {
      complaint += text.toString();
    });
    const ended = new Promise<void>((resolve, reject) => {
      receiver.on('close', (code) => (code === 0 ? resolve() : reject(new Error(`the receiver failed: ${complaint}`))));
    });
    await Promise.race([new Promise((resolve) => receiver.stdout.once('data', resolve)), ended]);
    await send();
    receiver.stdin.end();
    await ended;
    return framesOf(readFileSync(path));
  }

  close(): void {
    this.cable.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Every frame of a capture, as our own reader finds it. */
export function framesOf(capture: Uint8Array): Buffer[] {
  const reader = new CaptureReader({ onDamage: () => {}, allFrames: true });
  reader.push(capture);
  reader.end();
  const frames: Buffer[] = [];
  while (reader.next()) {
    const { view, offset, length } = reader.frame as NonNullable<typeof reader.frame>;
    frames.push(Buffer.from(new Uint8Array(view.buffer, view.byteOffset + offset, length)));
  }
  return frames;
}
