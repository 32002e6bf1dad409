import { expect } from 'chai';
import { TailBudget, TailPages } from '../../../broker/log/tail-pages.ts';

const KIB = 1024;
const bytes = (size: number, fill: number): Buffer => Buffer.alloc(size, fill);

describe('TailPages', () => {
  it('puts batches side by side in pages that grow with the traffic', () => {
    const pages = new TailPages(new TailBudget());
    const first = pages.append(0, 0, 0, bytes(1000, 1));
    const second = pages.append(0, 1000, 1, bytes(1000, 2));
    expect(second.buffer).to.equal(first.buffer);
    expect(second.at).to.equal(1000);
    expect(pages.byteSize).to.equal(4 * KIB);
    let position = 2000;
    for (let offset = 2; offset < 400; offset++, position += 1000) pages.append(0, position, offset, bytes(1000, 3));
    expect(pages.pageAt(pages.slotFor(399))!.buffer.length).to.equal(256 * KIB);
    const slices = pages.slices(0, 500, 6000);
    expect(Buffer.concat(slices)).to.deep.equal(Buffer.concat([bytes(500, 1), bytes(1000, 2), bytes(4000, 3)]));
  });

  it('gives a large batch a page of its size', () => {
    const pages = new TailPages(new TailBudget());
    const { buffer } = pages.append(0, 0, 0, bytes(700 * KIB, 1));
    expect(buffer.length).to.equal(700 * KIB);
  });

  it('finds the page of an offset, and none for older ones', () => {
    const pages = new TailPages(new TailBudget());
    for (let n = 0; n < 6; n++) pages.append(0, n * 3000, 10 + n, bytes(3000, n));
    expect(pages.slotFor(9)).to.equal(-1);
    for (let n = 0; n < 6; n++) {
      const page = pages.pageAt(pages.slotFor(10 + n))!;
      expect(page.buffer[n * 3000 - page.position]).to.equal(n);
    }
  });

  it('keeps to the budget of all logs by dropping the oldest pages, but only written ones', () => {
    const budget = new TailBudget({ totalBytesMax: 20 * KIB, logBytesMax: 1024 * KIB });
    const quiet = new TailPages(budget);
    const busy = new TailPages(budget);
    quiet.append(0, 0, 0, bytes(100, 1));
    for (let n = 0; n < 8; n++) busy.append(0, n * 4000, n, bytes(4000, n));
    const unwritten = budget.totalBytes;
    expect(unwritten).to.be.above(20 * KIB);
    busy.markWritten(0, 32_000);
    expect(budget.totalBytes, 'the oldest page is not written yet').to.equal(unwritten);
    quiet.markWritten(0, 100);
    expect(budget.totalBytes).to.be.at.most(20 * KIB);
    expect(quiet.byteSize).to.equal(0);
    expect(busy.byteSize).to.equal(budget.totalBytes);
    quiet.append(0, 100, 1, bytes(100, 2));
    expect(quiet.pageAt(quiet.slotFor(1))!.position).to.equal(100);
  });

  it('keeps to the budget of one log', () => {
    const pages = new TailPages(new TailBudget({ totalBytesMax: 1024 * KIB, logBytesMax: 40 * KIB }));
    const first = pages.append(0, 0, 0, bytes(0, 0)) && pages.pageAt(0)!;
    for (let n = 0; n < 100; n++) {
      pages.append(0, n * 1000, n, bytes(1000, n));
      pages.markWritten(0, (n + 1) * 1000);
      expect(pages.byteSize).to.be.at.most(72 * KIB); // the bound, and the page that was just begun
    }
    expect(first.evicted).to.equal(true);
    expect(first.buffer.length, 'whoever still holds an evicted page does not hold its bytes').to.equal(0);
  });

  it('keeps no bytes of evicted pages, though the queue still knows them', () => {
    const budget = new TailBudget({ totalBytesMax: 1024 * KIB, logBytesMax: 40 * KIB });
    const pages = new TailPages(budget);
    pages.append(0, 0, 0, bytes(1000, 1));
    const first = pages.pageAt(0)!;
    for (let n = 1; n < 100; n++) {
      pages.markWritten(0, n * 1000);
      pages.append(0, n * 1000, n, bytes(1000, n));
    }
    expect(first.evicted).to.equal(true);
    expect(first.buffer.length).to.equal(0);
  });

  it('starts a page for a new segment, and writes the old one first', () => {
    const pages = new TailPages(new TailBudget());
    pages.append(0, 0, 0, bytes(100, 1));
    pages.append(50, 0, 50, bytes(100, 2));
    pages.append(50, 100, 51, bytes(100, 3));
    expect(Buffer.concat(pages.slices(0, 0, 100))).to.deep.equal(bytes(100, 1));
    expect(Buffer.concat(pages.slices(50, 0, 200))).to.deep.equal(Buffer.concat([bytes(100, 2), bytes(100, 3)]));
    pages.markWritten(0, 100);
    expect(pages.pageAt(0)!.written).to.equal(100);
    expect(pages.pageAt(1)!.written).to.equal(0);
  });

  it('gives everything back, and leaves slices that were handed out as they are', () => {
    const budget = new TailBudget();
    const pages = new TailPages(budget);
    pages.append(0, 0, 0, bytes(100, 7));
    const [slice] = pages.slices(0, 0, 100);
    pages.clear();
    expect(budget.totalBytes).to.equal(0);
    pages.append(0, 0, 0, bytes(100, 9));
    expect(slice).to.deep.equal(bytes(100, 7));
  });

  it('uses the buffer of a full page again when it was written and nobody has seen it', () => {
    const pages = new TailPages(new TailBudget({ totalBytesMax: 300 * KIB, logBytesMax: 300 * KIB }));
    const buffers = new Set<Buffer>();
    let begun = 0;
    let position = 0;
    for (let offset = 0; offset < 400; offset++, position += 10_000) {
      const { buffer, at } = pages.append(0, position, offset, bytes(10_000, offset & 0xff));
      if (at === 0 && buffer.length === 256 * KIB) begun++;
      if (buffer.length === 256 * KIB) buffers.add(buffer);
      pages.markWritten(0, position + 10_000);
    }
    expect(begun).to.be.above(10);
    expect(buffers.size).to.be.below(4);
  });

  it('does not keep a list of pages that are long gone', () => {
    const budget = new TailBudget({ totalBytesMax: 8 * KIB, logBytesMax: 8 * KIB });
    for (let n = 0; n < 10_000; n++) {
      const pages = new TailPages(budget);
      pages.append(0, 0, 0, bytes(10, 1));
      pages.clear();
    }
    expect(budget.queuedCount).to.be.below(5000);
  });
});
