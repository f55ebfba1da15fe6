import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { fixture, lines, projectRoot, run, temporaryFolder } from '../support/cli.js';

interface Message {
  packet: number;
  timestampNs: string;
  sequence: number | null;
  session: string | null;
  type: string;
  stock?: string;
}

const pcap = fixture('itch50-session.pcap');
const binaryFile = fixture('itch50-session.NASDAQ_ITCH50.gz');
const folder = temporaryFolder();

describe('decode', () => {
  it('printsOneObjectALineAndNothingElse', async () => {
    const { code, stdout, stderr } = await run(['decode', pcap, '--limit', '3']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(lines(stdout)[0]).toEqual({
      packet: 1,
      timestampNs: '1767623400000031110',
      sequence: 1,
      protocol: 'itch50',
      session: 'TICKREEL01',
      type: 'S',
      name: 'SystemEvent',
      stockLocate: 0,
      trackingNumber: expect.any(Number),
      timestamp: 34_200_000_000_000,
      eventCode: 'O',
    });
    expect(lines(stdout)).toHaveLength(3);
    expect(Object.keys(lines(stdout)[0]).slice(0, 7)).toEqual([
      'packet',
      'timestampNs',
      'sequence',
      'protocol',
      'session',
      'type',
      'name',
    ]);
  });

  it('givesTheSameMessagesFromPcapBinaryFileAndStandardInput', async () => {
    const fields = ['--fields', 'type,stockLocate,timestamp,stock,price,orderReferenceNumber,shares'];
    const fromPcap = await run(['decode', pcap, ...fields]);
    const fromFile = await run(['decode', binaryFile, ...fields]);
    const fromInput = await run(['decode', '-', ...fields], readFileSync(binaryFile));
    const fromPlain = await run(['decode', '-', ...fields], gunzipSync(readFileSync(binaryFile)));
    expect(lines(fromPcap.stdout)).toHaveLength(10_000);
    expect(fromFile.stdout).toBe(fromPcap.stdout);
    expect(fromInput.stdout).toBe(fromPcap.stdout);
    expect(fromPlain.stdout).toBe(fromPcap.stdout);
  });

  it('writesIntegersAndPricesAsAsked', async () => {
    const one = async (...flags: string[]) =>
      (await run(['decode', pcap, '--type', 'A', '--limit', '1', '--fields', 'orderReferenceNumber,price', ...flags]))
        .stdout;
    const asText = JSON.parse(await one()) as { orderReferenceNumber: string; price: number };
    expect(asText.orderReferenceNumber).toMatch(/^\d+$/);
    expect(await one('--int64', 'number')).toBe(
      `{"orderReferenceNumber":${asText.orderReferenceNumber},"price":${asText.price}}\n`,
    );
    const decimal = (JSON.parse(await one('--decimal')) as { price: string }).price;
    expect(decimal).toMatch(/^\d+\.\d{4}$/);
    expect(Number(decimal.replace('.', ''))).toBe(asText.price);
  });

  it('filtersByTypeSymbolLocateAndTime', async () => {
    const all = lines<Message>((await run(['decode', pcap])).stdout);
    const adds = lines<Message>((await run(['decode', pcap, '--type', 'A,F'])).stdout);
    expect(adds).toEqual(all.filter(({ type }) => type === 'A' || type === 'F'));
    const symbol = all.find(({ stock }) => stock)?.stock as string;
    const locate = (all.find(({ stock }) => stock === symbol) as unknown as { stockLocate: number }).stockLocate;
    const bySymbol = await run(['decode', pcap, '--symbol', symbol]);
    const byLocate = await run(['decode', pcap, '--locate', `${locate}`]);
    expect(lines(bySymbol.stdout).length).toBeGreaterThan(10);
    expect(bySymbol.stdout).toBe(byLocate.stdout);
    const second = lines<Message>((await run(['decode', pcap, '--from', '09:30:01', '--until', '09:30:02'])).stdout);
    expect(second).toEqual(
      all.filter(({ timestampNs }) => timestampNs >= '1767623401000000000' && timestampNs < '1767623402000000000'),
    );
  });

  it('saysWhyNothingIsPrinted', async () => {
    const rows: [string[], RegExp][] = [
      [['--symbol', 'NOSUCH'], /no message passed --symbol: 10000 messages were read in 8610 of 8610 packets/],
      [['--type', 'V', '--from', '09:30:01'], /no message passed --type and --from: \d+ messages/],
      [['--destination', ':9'], /no message passed --destination: 0 messages were read in 0 of 8610 packets/],
      [['--until', '09:29'], /no message passed --until: 0 messages/],
    ];
    for (const [flags, says] of rows) {
      for (const command of ['decode', 'inspect']) {
        const { code, stdout, stderr } = await run([command, pcap, ...flags]);
        expect(stderr).toMatch(says);
        expect(stderr.trim().split('\n')).toHaveLength(1);
        expect(code).toBe(0);
        if (command === 'decode') expect(stdout).toBe('');
      }
    }
  });

  it('aWindowMayBeGivenInEpochNanoseconds', async () => {
    const range = (...flags: string[]) => run(['decode', pcap, '--fields', 'timestampNs', ...flags]);
    const byTime = await range('--from', '09:30:01', '--until', '09:30:02');
    const byNumber = await range('--from', '1767623401000000000', '--until', '1767623402000000000');
    expect(lines(byNumber.stdout).length).toBeGreaterThan(1000);
    expect(byNumber.stdout).toBe(byTime.stdout);
  });

  it('csvAndTable', async () => {
    const csv = (await run(['decode', pcap, '--csv', '--type', 'D', '--limit', '2'])).stdout.split('\n');
    expect(csv[0].startsWith('packet,timestampNs,sequence,protocol,session,type,name,stockLocate')).toBe(true);
    expect(csv).toHaveLength(4);
    expect(csv[1].split(',')).toHaveLength(csv[0].split(',').length);
    const table = (await run(['decode', pcap, '--format', 'table', '--limit', '1'])).stdout;
    expect(table).toContain('S SystemEvent stockLocate=0');
  });

  it('exitsWith4OnGapsOnlyWhenStrict', async () => {
    const gaps = fixture('itch50-gaps.pcap');
    expect((await run(['decode', gaps])).code).toBe(0);
    expect((await run(['decode', gaps, '--strict'])).code).toBe(4);
    expect((await run(['decode', pcap, '--strict'])).code).toBe(0);
  });

  it('deliversWhatPrecedesTheDamageAndExitsWith3', async () => {
    const whole = readFileSync(pcap);
    const cut = join(folder, 'cut.pcap');
    writeFileSync(cut, whole.subarray(0, whole.length - 10));
    const { code, stdout, stderr } = await run(['decode', cut]);
    expect(code).toBe(3);
    expect(lines(stdout).length).toBeGreaterThan(9_900);
    expect(stderr).toMatch(/cut\.pcap: .*byte \d+/);
  });

  it('endsQuietlyWhenTheReaderOfThePipeGoes', async () => {
    const { spawnSync } = await import('node:child_process');
    const main = fixture('../dist/cli/main.js');
    const result = spawnSync('sh', ['-c', `"${process.execPath}" "${main}" decode "${pcap}" | head -n 1`], {
      encoding: 'utf8',
    });
    expect(lines(result.stdout)).toHaveLength(1);
    expect(result.stderr).toBe('');
  });

  it('refusesBinaryFilesWithoutPrefixesUnlessToldHowToFrame', async () => {
    const plain = gunzipSync(readFileSync(binaryFile));
    const unprefixed: Uint8Array[] = [];
    for (let at = 0, taken = 0; taken < 200; taken++) {
      const length = plain.readUInt16BE(at);
      unprefixed.push(plain.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
    const file = join(folder, 'unprefixed');
    writeFileSync(file, Buffer.concat(unprefixed));
    const refused = await run(['decode', file]);
    expect(refused).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('--frame-by-type') });
    const framed = await run(['decode', file, '--frame-by-type']);
    expect(lines(framed.stdout)).toHaveLength(200);
  });
});

describe('several captures', () => {
  const parts = ['itch50-gaps.pcap', 'itch50-session.NASDAQ_ITCH50.gz'].map(fixture);

  it('areMergedAndNamedInEveryLine', async () => {
    const { code, stdout } = await run(['decode', ...parts, '--date', '2026-01-05', '--type', 'S']);
    expect(code).toBe(0);
    const rows = lines<{ file: string; timestampNs: string; packet: number }>(stdout);
    expect(Object.keys(rows[0] ?? {}).slice(0, 3)).toEqual(['file', 'packet', 'timestampNs']);
    expect(new Set(rows.map(({ file }) => file))).toEqual(new Set(parts));
    const stamps = rows.map(({ timestampNs }) => BigInt(timestampNs));
    expect(stamps).toEqual([...stamps].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
  });

  it('canBeAPatternThatTheShellLeftAlone', async () => {
    const pattern = join(projectRoot, 'fixtures/itch50-*.pcap');
    const { code, stdout } = await run(['decode', pattern, '--csv', '--fields', 'file,sequence', '--type', 'S']);
    expect(code).toBe(0);
    expect(stdout.split('\n')[0]).toBe('file,sequence');
    expect(
      new Set(
        stdout
          .trim()
          .split('\n')
          .slice(1)
          .map((row) => row.split(',')[0]),
      ),
    ).toEqual(new Set(['itch50-gaps.pcap', 'itch50-session.pcap'].map(fixture)));
    const none = await run(['decode', join(projectRoot, 'fixtures/absent-*.pcap')]);
    expect(none).toMatchObject({ code: 2, stdout: '' });
    expect(none.stderr).toMatch(/no file matches '.*absent-\*\.pcap'/);
  });
});
