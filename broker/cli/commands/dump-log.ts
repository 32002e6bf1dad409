/**
 * kafka-dump-log: what is in the files of a log directory, line by line as Kafka's tool prints it, and what in the indexes
 * does not fit the log. Reads files only, batch by batch.
 */
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { crc32c } from '../../../shared/bytes/crc32c.ts';
import { uncaughtExit, type ToolIo } from '../io.ts';
import { OptionError, type Options } from '../options.ts';
import { parseTool } from '../parse-tool.ts';
import { readMarker } from '../../records/control-records.ts';
import { iterateRecords, type KafkaRecord } from '../../records/iterate-records.ts';
import * as batches from '../../records/record-batch.ts';
import { DumpError, decoderOf, type RecordDecoder } from './dump-decoders.ts';
import { options as specs } from './dump-log-options.ts';
import { batchesOf, type FoundBatch } from './segment-file.ts';

const DESCRIPTION = 'This tool helps to parse a log file and dump its contents to the console, useful for debugging a seemingly corrupt log segment.';
const INT_MAX = 0x7fff_ffff;

interface Request {
  readonly deep: boolean;
  readonly decoder: RecordDecoder | null;
  readonly skipsMetadata: boolean;
  readonly sanityOnly: boolean;
  readonly verifyOnly: boolean;
  readonly bytesMax: number;
}

/** What was found wrong, told at the end: by kind, then by file. */
class Findings {
  private readonly lists = new Map<string, string[]>();

  note(heading: string, line: string): void {
    const lines = this.lists.get(heading) ?? [];
    lines.push(line);
    this.lists.set(heading, lines);
  }

  /** The latest finding of a file comes first, as in Kafka. */
  print(io: ToolIo): void {
    for (const [heading, lines] of this.lists) io.err(`${heading}\n${lines.reverse().join('')}`);
  }
}

export async function dumpLog(args: readonly string[], io: ToolIo): Promise<number> {
  const options = parseTool({ specs, description: DESCRIPTION, required: ['files'] }, args, io);
  const findings = new Findings();
  try {
    const request = requestOf(options);
    for (const path of (options.one('files') ?? '').split(',')) await dump(path, request, findings, io);
  } catch (error) {
    if (error instanceof OptionError || error instanceof DumpError) return uncaughtExit(io, error.exception, error.message);
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      const path = 'path' in error ? String(error.path) : error.message;
      return uncaughtExit(io, 'java.nio.file.NoSuchFileException', path);
    }
    throw error;
  }
  findings.print(io);
  return 0;
}

function requestOf(options: Options): Request {
  const decoders = ['offsets-decoder', 'transaction-log-decoder', 'cluster-metadata-decoder', 'value-decoder-class', 'key-decoder-class'];
  const prints = options.has('print-data-log') || decoders.some((name) => options.has(name));
  return {
    deep: prints || options.has('deep-iteration'),
    decoder: prints ? decoderOf(options) : null,
    skipsMetadata: options.has('skip-record-metadata'),
    sanityOnly: options.has('index-sanity-check'),
    verifyOnly: options.has('verify-index-only'),
    bytesMax: options.number('max-bytes') ?? INT_MAX,
  };
}

async function dump(path: string, request: Request, findings: Findings, io: ToolIo): Promise<void> {
  io.out(`Dumping ${path}\n`);
  const name = basename(path);
  switch (name.slice(Math.max(name.lastIndexOf('.'), 0))) {
    case '.log':
      return dumpSegment(path, request, findings, io);
    case '.index':
      return dumpIndex(path, request, findings, io);
    case '.timeindex':
      return dumpTimeIndex(path, request, findings, io);
    case '.snapshot':
      return dumpProducers(path, io);
    case '.txnindex':
      return dumpAborted(path, io);
    default:
      io.err(`Ignoring unknown file ${path}\n`);
  }
}

async function dumpSegment(path: string, request: Request, findings: Findings, io: ToolIo): Promise<void> {
  const base = baseOffsetOfFile(path);
  io.out(`Log starting offset: ${base}\n`);
  let lastOffset = -1;
  const end = { valid: 0, size: 0 };
  for (const batch of batchesOf(path, 0, request.bytesMax, end)) {
    io.out(`${describeBatch(batch)}\n`);
    if (request.deep) {
      for (const record of iterateRecords(batch.bytes)) {
        if (lastOffset !== -1 && record.offset !== lastOffset + 1) {
          findings.note(`Non-consecutive offsets in ${path}`, `  ${lastOffset} is followed by ${record.offset}\n`);
        }
        lastOffset = record.offset;
        io.out(`${describeRecord(batch.bytes, record, request)}\n`);
      }
    }
    await io.drained();
  }
  const left = end.size - end.valid;
  if (left > 0 && request.bytesMax === INT_MAX) io.out(`Found ${left} invalid bytes at the end of ${basename(path)}\n`);
}

function describeBatch({ bytes, position }: FoundBatch): string {
  const horizon = batches.deleteHorizonMsOf(bytes, 0);
  const crc = batches.crcOf(bytes, 0);
  return (
    `baseOffset: ${batches.baseOffsetOf(bytes, 0)} lastOffset: ${batches.lastOffsetOf(bytes, 0)} count: ${batches.recordCountOf(bytes, 0)} ` +
    `baseSequence: ${batches.baseSequenceOf(bytes, 0)} lastSequence: ${batches.lastSequenceOf(bytes, 0)} ` +
    `producerId: ${batches.producerIdOf(bytes, 0)} producerEpoch: ${batches.producerEpochOf(bytes, 0)} ` +
    `partitionLeaderEpoch: ${batches.partitionLeaderEpochOf(bytes, 0)} isTransactional: ${batches.isTransactional(bytes, 0)} ` +
    `isControl: ${batches.isControl(bytes, 0)} deleteHorizonMs: ${horizon === null ? 'OptionalLong.empty' : `OptionalLong[${horizon}]`} ` +
    `position: ${position} ${timestampType(bytes)}: ${batches.maxTimestampOf(bytes, 0)} size: ${bytes.length} ` +
    `magic: ${batches.magicOf(bytes, 0)} compresscodec: ${batches.codecName(batches.codecOf(bytes, 0)) ?? 'unknown'} ` +
    `crc: ${crc} isvalid: ${crc === batches.computeCrc(bytes, 0)}`
  );
}

function timestampType(bytes: Buffer): string {
  return batches.isLogAppendTime(bytes, 0) ? 'LogAppendTime' : 'CreateTime';
}

function describeRecord(bytes: Buffer, record: KafkaRecord, { decoder, skipsMetadata }: Request): string {
  const parts: string[] = [];
  const isControl = batches.isControl(bytes, 0);
  if (!skipsMetadata) {
    const baseSequence = batches.baseSequenceOf(bytes, 0);
    const sequence = baseSequence < 0 ? baseSequence : (baseSequence + record.offset - batches.baseOffsetOf(bytes, 0)) % 0x8000_0000;
    parts.push(
      `offset: ${record.offset} ${timestampType(bytes)}: ${record.timestamp} keySize: ${record.key?.length ?? -1} ` +
        `valueSize: ${record.value?.length ?? -1} sequence: ${sequence} headerKeys: [${record.headers.map(({ key }) => key).join(',')}]`,
    );
    if (isControl) {
      const marker = readMarker(record);
      const shown = marker === null ? 'controlType: UNKNOWN' : `endTxnMarker: ${marker.type.toUpperCase()} coordinatorEpoch: ${marker.coordinatorEpoch}`;
      parts.push(shown);
    }
  }
  if (decoder !== null && !isControl) {
    const { key, value } = decoder(record);
    if (key !== null) parts.push(`key: ${key}`);
    if (value !== null) parts.push(`payload: ${value}`);
  }
  return parts.length === 0 ? '' : `| ${parts.join(' ')}`;
}

function baseOffsetOfFile(path: string): number {
  const name = basename(path).split('.')[0]!;
  if (/^[+-]?\d+$/.test(name)) return Number(name);
  throw new DumpError('java.lang.NumberFormatException', `For input string: "${name}"`);
}

function sibling(path: string, suffix: string): string {
  return join(dirname(path), basename(path).split('.')[0]! + suffix);
}

/** `[relative offset, position]` of an offset index, without what was only preallocated. */
function offsetEntries(path: string): [number, number][] {
  const bytes = readFileSync(path);
  const entries: [number, number][] = [];
  for (let at = 0; at + 8 <= bytes.length; at += 8) {
    const relative = bytes.readInt32BE(at);
    if (relative === 0 && at > 0) break;
    entries.push([relative, bytes.readInt32BE(at + 4)]);
  }
  return entries;
}

function checkSize(path: string, entrySize: number): void {
  const size = readFileSync(path).length;
  if (size % entrySize === 0) return;
  throw new DumpError(
    'org.apache.kafka.common.errors.CorruptIndexException',
    `Index file ${path} is corrupt, found ${size} bytes which is neither positive nor a multiple of ${entrySize}.`,
  );
}

function dumpIndex(path: string, { sanityOnly, verifyOnly }: Request, findings: Findings, io: ToolIo): void {
  const base = baseOffsetOfFile(path);
  const log = sibling(path, '.log');
  const entries = offsetEntries(path);
  if (entries.length === 0) {
    io.out(`${path} is empty.\n`);
    return;
  }
  if (sanityOnly) {
    checkSize(path, 8);
    io.out(`${path} passed sanity check.\n`);
    return;
  }
  for (const [relative, position] of entries) {
    const offset = base + relative;
    const first = batchesOf(log, position).next().value;
    const last = first === undefined ? -1 : batches.lastOffsetOf(first.bytes, 0);
    if (last !== offset) findings.note(`Mismatches in :${path}`, `  Index offset: ${offset}, log offset: ${last}\n`);
    if (!verifyOnly) io.out(`offset: ${offset} position: ${position}\n`);
  }
}

function dumpTimeIndex(path: string, { sanityOnly, verifyOnly }: Request, findings: Findings, io: ToolIo): void {
  const base = baseOffsetOfFile(path);
  const log = sibling(path, '.log');
  const index = sibling(path, '.index');
  const positions = existsSync(index) ? offsetEntries(index) : [];
  if (sanityOnly) {
    checkSize(path, 12);
    io.out(`${path} passed sanity check.\n`);
    return;
  }
  const bytes = readFileSync(path);
  let previous = -1;
  for (let at = 0; at + 12 <= bytes.length; at += 12) {
    const timestamp = Number(bytes.readBigInt64BE(at));
    const relative = bytes.readInt32BE(at + 8);
    if (relative === 0 && at > 0) break;
    const offset = base + relative;
    const start = positions.findLast(([known]) => known <= relative)?.[1] ?? 0;
    const batch = firstBatchTo(log, start, offset);
    const last = batch === null ? -1 : batches.lastOffsetOf(batch, 0);
    if (batch === null || last !== offset) {
      const line = `Indexed offset: ${offset}, found log offset: ${last}\n`;
      findings.note('The following indexed offsets are not found in the log.', line);
    } else {
      let newest = -1;
      for (const record of iterateRecords(batch)) newest = Math.max(newest, record.timestamp);
      if (newest !== timestamp) {
        findings.note(`Found timestamp mismatch in :${path}`, `  Index timestamp: ${timestamp}, log timestamp: ${newest}\n`);
      }
      if (previous >= timestamp) {
        const line = `  Index timestamp: ${timestamp}, Previously indexed timestamp: ${previous}\n`;
        findings.note(`Found out of order timestamp in :${path}`, line);
      }
    }
    if (!verifyOnly) io.out(`timestamp: ${timestamp} offset: ${offset}\n`);
    previous = timestamp;
  }
}

/** The first batch at or after `position` that reaches `offset`. */
function firstBatchTo(log: string, position: number, offset: number): Buffer | null {
  for (const { bytes } of batchesOf(log, position)) if (batches.lastOffsetOf(bytes, 0) >= offset) return bytes;
  return null;
}

const SNAPSHOT_ENTRY_SIZE = 46;

/** Producers as `broker/log/producer-state.ts` writes them. */
function dumpProducers(path: string, io: ToolIo): void {
  const bytes = readFileSync(path);
  const problem = snapshotProblem(bytes);
  if (problem !== null) {
    io.err(`${problem}\n`);
    return;
  }
  const count = bytes.readInt32BE(6);
  for (let at = 10, left = count; left > 0; at += SNAPSHOT_ENTRY_SIZE, left--) {
    const long = (offset: number): number => Number(bytes.readBigInt64BE(at + offset));
    const first = long(38);
    const sequence = bytes.readInt32BE(at + 10);
    const delta = bytes.readInt32BE(at + 22);
    const lastOffset = long(14);
    const batch =
      lastOffset < 0
        ? ''
        : `firstSequence: ${(sequence - delta) | 0} lastSequence: ${sequence} lastOffset: ${lastOffset} offsetDelta: ${delta} timestamp: ${long(26)}`;
    io.out(
      `producerId: ${long(0)} producerEpoch: ${bytes.readInt16BE(at + 8)} coordinatorEpoch: ${bytes.readInt32BE(at + 34)} ` +
        `currentTxnFirstOffset: ${first === -1 ? 'None' : `Some(${first})`} lastTimestamp: ${long(26)} ${batch}\n`,
    );
  }
}

function snapshotProblem(bytes: Buffer): string | null {
  if (bytes.length < 10) return `Snapshot failed schema validation: ${bytes.length} bytes are too few`;
  if (bytes.readInt16BE(0) !== 1) return `Snapshot contained an unknown file version ${bytes.readInt16BE(0)}`;
  const [stored, computed] = [bytes.readUInt32BE(2), crc32c(bytes.subarray(6))];
  if (stored !== computed) return `Snapshot is corrupt (CRC is no longer valid). Stored crc: ${stored}. Computed crc: ${computed}`;
  if (bytes.length < 10 + bytes.readInt32BE(6) * SNAPSHOT_ENTRY_SIZE) return 'Snapshot failed schema validation: entries are missing';
  return null;
}

const ABORTED_ENTRY_SIZE = 34;

function dumpAborted(path: string, io: ToolIo): void {
  const bytes = readFileSync(path);
  for (let at = 0; at + ABORTED_ENTRY_SIZE <= bytes.length; at += ABORTED_ENTRY_SIZE) {
    const long = (offset: number): number => Number(bytes.readBigInt64BE(at + offset));
    io.out(
      `version: ${bytes.readInt16BE(at)} producerId: ${long(2)} firstOffset: ${long(10)} lastOffset: ${long(18)} lastStableOffset: ${long(26)}\n`,
    );
  }
}
