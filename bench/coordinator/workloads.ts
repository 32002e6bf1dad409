/**
 * What is asked, and what has to come back. A lane is one connection's share of a workload: it writes the next request and checks
 * the next answer (they come in order), content included.
 */
import type { Connection } from './connection.ts';
import { DIGITS, digits, frame, HEADER_SIZE, OP, record, STAT, writeDigits, type Frames } from './frames.ts';

export interface Lane {
  write(out: Frames, xid: number): void;
  /** `bytes[start..end)` is the record of a successful answer. Throws when it is not what was asked for. */
  check(bytes: Buffer, start: number, end: number): void;
}

export interface LaneOptions {
  readonly connection: Connection;
  /** Number of this lane among `lanes`. */
  readonly index: number;
  readonly lanes: number;
  /** Different for every run against a server. */
  readonly run: number;
}

const DATA_BYTES = 100;
export const WATCHED = '/bench/watched';
const ROOT = '/bench';
const NODE_COUNT = 1_000;
const CHILD_COUNTS = [1_000, 10_000] as const;

const nodePath = (index: number): string => `${ROOT}/nodes/n${digits(index)}`;

/** 100 bytes that tell whose they are. */
export function dataOf(index: number): Buffer {
  const data = Buffer.alloc(DATA_BYTES, 0x78);
  writeDigits(data, 0, index);
  return data;
}

function fail(what: string): never {
  throw new Error(`A wrong answer: ${what}`);
}

/** Makes the znodes that workloads read and change. */
export async function prepareTree(connection: Connection): Promise<void> {
  for (const path of [ROOT, `${ROOT}/nodes`, `${ROOT}/created`, `${ROOT}/multi`, WATCHED]) await connection.ask(OP.create, record.create(path, dataOf(0)));
  await createMany(connection, NODE_COUNT, (index) => nodePath(index));
  for (const count of CHILD_COUNTS) {
    await connection.ask(OP.create, record.create(`${ROOT}/children-${count}`, dataOf(0)));
    await createMany(connection, count, (index) => `${ROOT}/children-${count}/c${digits(index)}`);
  }
}

const MULTI_OPS = 500;

async function createMany(connection: Connection, count: number, pathOf: (index: number) => string): Promise<void> {
  for (let first = 0; first < count; first += MULTI_OPS) {
    const indexes = Array.from({ length: Math.min(MULTI_OPS, count - first) }, (_, i) => first + i);
    await connection.ask(OP.multi, record.multi(indexes.map((index) => [OP.create, record.create(pathOf(index), dataOf(index))])));
  }
}

/** One new znode a request, all of a lane's under one parent. */
class CreateLane implements Lane {
  private readonly template: Buffer;
  private readonly expected: Buffer;
  private readonly at: number;
  private readonly parent: string;
  private readonly connection: Connection;
  private sent = 0;
  private answered = 0;

  private constructor({ connection, run, index }: LaneOptions) {
    this.connection = connection;
    this.parent = `${ROOT}/created/${run}-${index}`;
    const path = `${this.parent}/n${digits(0)}`;
    this.template = frame(OP.create, record.create(path, dataOf(0)));
    this.at = 12 + 4 + path.length - DIGITS;
    this.expected = record.read(path).subarray(0, 4 + path.length);
  }

  static async open(options: LaneOptions): Promise<CreateLane> {
    const lane = new CreateLane(options);
    await options.connection.ask(OP.create, record.create(lane.parent, dataOf(0)));
    return lane;
  }

  write(out: Frames, xid: number): void {
    const at = out.add(this.template, xid);
    writeDigits(out.bytes, at + this.at, this.sent++);
  }

  check(bytes: Buffer, start: number, end: number): void {
    writeDigits(this.expected, this.expected.length - DIGITS, this.answered++);
    if (this.expected.compare(bytes, start, end) !== 0) fail(`the created path is not ${this.expected.toString('latin1', 4)}`);
  }

  /** Removes what was created, so that a faster server does not have to hold more. */
  async tidy(): Promise<void> {
    for (let first = 0; first < this.sent; first += MULTI_OPS) {
      const indexes = Array.from({ length: Math.min(MULTI_OPS, this.sent - first) }, (_, i) => first + i);
      await this.connection.ask(OP.multi, record.multi(indexes.map((index) => [OP.delete, record.versioned(`${this.parent}/n${digits(index)}`, 0)])));
    }
    await this.connection.ask(OP.delete, record.versioned(this.parent, 0));
  }
}

/** The znodes that are one lane's alone, in turn. */
class OwnNodes {
  readonly indexes: readonly number[];
  private next = 0;

  constructor({ index, lanes }: LaneOptions) {
    this.indexes = Array.from({ length: NODE_COUNT }, (_, node) => node).filter((node) => node % lanes === index);
  }

  turn(): number {
    const at = this.next;
    this.next = at + 1 === this.indexes.length ? 0 : at + 1;
    return at;
  }
}

class SetLane implements Lane {
  private readonly frames: readonly Buffer[];
  private readonly versions: Int32Array;
  private readonly toSend: OwnNodes;
  private readonly toCheck: OwnNodes;

  private constructor(options: LaneOptions, versions: readonly number[]) {
    this.toSend = new OwnNodes(options);
    this.toCheck = new OwnNodes(options);
    this.frames = this.toSend.indexes.map((index) => frame(OP.setData, record.setData(nodePath(index), dataOf(index))));
    this.versions = Int32Array.from(versions);
  }

  static async open(options: LaneOptions): Promise<SetLane> {
    const versions: number[] = [];
    for (const index of new OwnNodes(options).indexes) {
      const stat = await options.connection.ask(OP.exists, record.read(nodePath(index)));
      versions.push(stat.readInt32BE(STAT.version));
    }
    return new SetLane(options, versions);
  }

  write(out: Frames, xid: number): void {
    out.add(this.frames[this.toSend.turn()]!, xid);
  }

  check(bytes: Buffer, start: number, end: number): void {
    const version = ++this.versions[this.toCheck.turn()]!;
    if (end - start !== STAT.size) fail(`a Stat of ${end - start} bytes`);
    if (bytes.readInt32BE(start + STAT.version) !== version) fail(`version ${bytes.readInt32BE(start + STAT.version)}, expected ${version}`);
    if (bytes.readInt32BE(start + STAT.dataLength) !== DATA_BYTES) fail('a wrong dataLength');
  }
}

class GetLane implements Lane {
  private readonly frames: readonly Buffer[];
  private readonly data: readonly Buffer[];
  private readonly toSend: OwnNodes;
  private readonly toCheck: OwnNodes;

  constructor(options: LaneOptions) {
    this.toSend = new OwnNodes(options);
    this.toCheck = new OwnNodes(options);
    this.frames = this.toSend.indexes.map((index) => frame(OP.getData, record.read(nodePath(index))));
    this.data = this.toSend.indexes.map(dataOf);
  }

  write(out: Frames, xid: number): void {
    out.add(this.frames[this.toSend.turn()]!, xid);
  }

  check(bytes: Buffer, start: number, end: number): void {
    const data = this.data[this.toCheck.turn()]!;
    if (end - start !== 4 + DATA_BYTES + STAT.size) fail(`data and Stat of ${end - start} bytes`);
    if (data.compare(bytes, start + 4, start + 4 + DATA_BYTES) !== 0) fail('other data than was written');
  }
}

class ExistsLane implements Lane {
  private readonly frames: readonly Buffer[];
  private readonly toSend: OwnNodes;

  constructor(options: LaneOptions) {
    this.toSend = new OwnNodes(options);
    this.frames = this.toSend.indexes.map((index) => frame(OP.exists, record.read(nodePath(index))));
  }

  write(out: Frames, xid: number): void {
    out.add(this.frames[this.toSend.turn()]!, xid);
  }

  check(bytes: Buffer, start: number, end: number): void {
    if (end - start !== STAT.size || bytes.readInt32BE(start + STAT.dataLength) !== DATA_BYTES) fail('a wrong Stat');
  }
}

class ChildrenLane implements Lane {
  private readonly frame: Buffer;
  private readonly count: number;
  /** The first answer, which was looked through; those that follow equal it. */
  private known: Buffer | null = null;

  constructor(count: number) {
    this.count = count;
    this.frame = frame(OP.getChildren, record.read(`${ROOT}/children-${count}`));
  }

  write(out: Frames, xid: number): void {
    out.add(this.frame, xid);
  }

  check(bytes: Buffer, start: number, end: number): void {
    if (this.known !== null) {
      if (this.known.compare(bytes, start, end) !== 0) fail('the children have changed');
      return;
    }
    this.known = Buffer.from(bytes.subarray(start, end));
    const names = new Set<string>();
    const size = DIGITS + 1;
    for (let at = 4; at < this.known.length; at += 4 + size) names.add(this.known.toString('latin1', at + 4, at + 4 + size));
    for (let index = 0; index < this.count; index++) names.delete(`c${digits(index)}`);
    const whole = this.known.readInt32BE(0) === this.count && this.known.length === 4 + this.count * (4 + size);
    if (!whole || names.size > 0) fail(`other children than the ${this.count} there are`);
  }
}

/** Nine reads, then a write. */
class MixLane implements Lane {
  private readonly reads: Lane;
  private readonly writes: Lane;
  private sent = 0;
  private answered = 0;

  constructor(reads: Lane, writes: Lane) {
    this.reads = reads;
    this.writes = writes;
  }

  write(out: Frames, xid: number): void {
    (++this.sent % 10 === 0 ? this.writes : this.reads).write(out, xid);
  }

  check(bytes: Buffer, start: number, end: number): void {
    (++this.answered % 10 === 0 ? this.writes : this.reads).check(bytes, start, end);
  }
}

/** A check, a creation, a change and the deletion of what was created, in one multi. */
class MultiLane implements Lane {
  private readonly template: Buffer;
  private readonly places: readonly number[];
  private readonly answerSize: number;
  private sent = 0;

  constructor({ index, run }: LaneOptions) {
    const path = `${ROOT}/multi/${run}-${index}-${digits(0)}`;
    const ops = [
      [OP.check, record.versioned(ROOT, 0)],
      [OP.create, record.create(path, dataOf(0))],
      [OP.setData, record.setData(path, dataOf(1), 0)],
      [OP.delete, record.versioned(path, 1)],
    ] as const;
    this.template = frame(OP.multi, record.multi(ops));
    const places: number[] = [];
    for (let at = this.template.indexOf(path); at >= 0; at = this.template.indexOf(path, at + 1)) places.push(at + path.length - DIGITS);
    this.places = places;
    this.answerSize = 5 * 9 + 4 + path.length + STAT.size;
  }

  write(out: Frames, xid: number): void {
    const at = out.add(this.template, xid);
    const { bytes } = out;
    for (const place of this.places) writeDigits(bytes, at + place, this.sent);
    this.sent++;
  }

  check(bytes: Buffer, start: number, end: number): void {
    if (end - start !== this.answerSize || bytes.readInt32BE(start) !== OP.check) fail(`an answer to a multi of ${end - start} bytes`);
    const stat = end - 18 - STAT.size;
    if (bytes.readInt32BE(stat + STAT.version) !== 1) fail('the multi did not change what it created');
  }
}

export const WORKLOADS: Readonly<Record<string, (options: LaneOptions) => Lane | Promise<Lane & { tidy?(): Promise<void> }>>> = {
  create: (options) => CreateLane.open(options),
  set: (options) => SetLane.open(options),
  get: (options) => new GetLane(options),
  exists: (options) => new ExistsLane(options),
  'getChildren, 1,000': () => new ChildrenLane(1_000),
  'getChildren, 10,000': () => new ChildrenLane(10_000),
  '90 % get, 10 % set': async (options) => new MixLane(new GetLane(options), await SetLane.open(options)),
  'multi of 4': (options) => new MultiLane(options),
};

export { HEADER_SIZE };
