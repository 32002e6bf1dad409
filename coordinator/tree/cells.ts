/**
 * Where znodes keep their numbers and their data: cells in large buffers outside the JavaScript heap. Millions of znodes are
 * then nothing that the garbage collector has to walk through and to leave room for.
 *
 *     | czxid mzxid pzxid ctime mtime: f64 | version aversion creations: i32 | size of the data: i32 | data ... |
 *
 * Cells of one size are cut from pages of their own; a cell that is given back is used again, and a page without cells is
 * dropped. A page knows whose it is, so that a cell can be given back by nothing but its page and place.
 */

const PAGE_BYTES = 256 * 1024;
const HEAD_BYTES = 56;
/** Sizes of cells are multiples of this, which also aligns the numbers. */
const STEP_BYTES = 16;
/** Data from this size on has a buffer of its own: pages would waste too much on it. */
const OWN_BUFFER_MIN = 4096;
/** In the place of a size: there is no data, which differs from empty data. */
const NO_DATA = -1;
const NO_CELL = -1;

/** Numbers of a cell, as indexes into `doubles` (from the cell's place) and `ints` (from twice that). */
export const DOUBLE = { czxid: 0, mzxid: 1, pzxid: 2, ctime: 3, mtime: 4 } as const;
export const INT = { version: 10, aversion: 11, creations: 12, dataSize: 13 } as const;

export class CellPage {
  readonly bytes: Buffer;
  readonly doubles: Float64Array;
  readonly ints: Int32Array;
  private readonly room: CellsOfSize | null;
  /** First byte that no cell was cut from yet. */
  private top = 0;
  private freeHead = NO_CELL;
  private used = 0;
  /** Index among the pages with room, or -1. */
  roomIndex = -1;

  constructor(room: CellsOfSize | null, size: number) {
    this.room = room;
    this.bytes = Buffer.allocUnsafeSlow(size);
    this.doubles = new Float64Array(this.bytes.buffer, 0, size >> 3);
    this.ints = new Int32Array(this.bytes.buffer, 0, size >> 2);
  }

  /** A cell's place, in steps of 8 bytes. There is one. */
  take(cellBytes: number): number {
    this.used++;
    if (this.freeHead !== NO_CELL) {
      const at = this.freeHead;
      this.freeHead = this.ints[at * 2]!;
      return at;
    }
    const at = this.top >> 3;
    this.top += cellBytes;
    return at;
  }

  /** Gives the cell at `at` back. */
  release(at: number): void {
    if (this.room === null) return;
    this.ints[at * 2] = this.freeHead;
    this.freeHead = at;
    this.used--;
    this.room.released(this);
  }

  isFull(cellBytes: number): boolean {
    return this.freeHead === NO_CELL && this.top + cellBytes > this.bytes.length;
  }

  get isEmpty(): boolean {
    return this.used === 0;
  }
}

/** Stands for the cell of a znode that is no longer in the tree: whoever still has it reads zeros. */
export const NO_PAGE = new CellPage(null, HEAD_BYTES + STEP_BYTES);
NO_PAGE.bytes.fill(0);

class CellsOfSize {
  readonly cellBytes: number;
  private readonly pagesWithRoom: CellPage[] = [];

  constructor(cellBytes: number) {
    this.cellBytes = cellBytes;
  }

  page(): CellPage {
    const last = this.pagesWithRoom.at(-1);
    if (last !== undefined) return last;
    const page = new CellPage(this, PAGE_BYTES);
    this.add(page);
    return page;
  }

  /** A cell was taken from `page`. */
  taken(page: CellPage): void {
    if (page.isFull(this.cellBytes)) this.drop(page);
  }

  released(page: CellPage): void {
    if (page.roomIndex < 0) this.add(page);
    // One empty page is kept, lest a single znode that comes and goes make and drop one each time.
    else if (page.isEmpty && this.pagesWithRoom.length > 1) this.drop(page);
  }

  private add(page: CellPage): void {
    page.roomIndex = this.pagesWithRoom.length;
    this.pagesWithRoom.push(page);
  }

  private drop(page: CellPage): void {
    const last = this.pagesWithRoom.pop()!;
    if (last !== page) {
      this.pagesWithRoom[page.roomIndex] = last;
      last.roomIndex = page.roomIndex;
    }
    page.roomIndex = -1;
  }
}

/** What has a cell. */
export interface CellUser {
  page: CellPage;
  at: number;
  /** Data that is too large for a cell. */
  large: Buffer | null;
}

export class Cells {
  private readonly bySize: (CellsOfSize | undefined)[] = [];

  /** Gives `user` a new cell, with `data` in it and all other numbers undefined. */
  assign(user: CellUser, data: Uint8Array | null): void {
    const isLarge = data !== null && data.length >= OWN_BUFFER_MIN;
    const step = stepsFor(data === null || isLarge ? 0 : data.length);
    const cells = (this.bySize[step] ??= new CellsOfSize(step * STEP_BYTES));
    const page = cells.page();
    user.page = page;
    user.at = page.take(cells.cellBytes);
    cells.taken(page);
    fill(user, data, isLarge);
  }

  /** Replaces the data of `user` by a copy of `data`: in its cell if that has just the size, else in another one. */
  setData(user: CellUser, data: Uint8Array | null): void {
    const isLarge = data !== null && data.length >= OWN_BUFFER_MIN;
    const { page, at } = user;
    const sizeBefore = page.ints[at * 2 + INT.dataSize]!;
    const stepBefore = stepsFor(user.large !== null || sizeBefore === NO_DATA ? 0 : sizeBefore);
    if (stepsFor(data === null || isLarge ? 0 : data.length) === stepBefore) return fill(user, data, isLarge);
    this.assign(user, data);
    page.bytes.copy(user.page.bytes, user.at * 8, at * 8, at * 8 + INT.dataSize * 4);
    page.release(at);
  }
}

/** Gives the cell of `user` back; it reads as zeros from then on. */
export function releaseCell(user: CellUser): void {
  user.page.release(user.at);
  user.page = NO_PAGE;
  user.at = 0;
  user.large = null;
}

export function dataSizeOf(user: CellUser): number {
  const size = user.page.ints[user.at * 2 + INT.dataSize]!;
  return size === NO_DATA ? 0 : size;
}

/** The data as it lies there: it must not be written to, and holds until the next change of the tree. */
export function dataOf(user: CellUser): Buffer | null {
  if (user.large !== null) return user.large;
  const { page, at } = user;
  const size = page.ints[at * 2 + INT.dataSize]!;
  if (size === NO_DATA) return null;
  const start = at * 8 + HEAD_BYTES;
  return page.bytes.subarray(start, start + size);
}

function stepsFor(dataSize: number): number {
  return Math.ceil((HEAD_BYTES + dataSize) / STEP_BYTES);
}

function fill(user: CellUser, data: Uint8Array | null, isLarge: boolean): void {
  const { page, at } = user;
  page.ints[at * 2 + INT.dataSize] = data === null ? NO_DATA : data.length;
  user.large = null;
  if (data === null) return;
  if (!isLarge) {
    page.bytes.set(data, at * 8 + HEAD_BYTES);
    return;
  }
  user.large = Buffer.allocUnsafeSlow(data.length);
  user.large.set(data);
}
