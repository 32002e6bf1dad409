import { expect } from 'chai';
import type { FileSystem } from '../../../broker/log/file.ts';
import { HandlePool } from '../../../broker/log/handle-pool.ts';
import { MemoryFileSystem } from '../../../broker/log/memory-file-system.ts';

describe('HandlePool', () => {
  it('keeps few files open, and those in use however many', async () => {
    const fileSystem = new MemoryFileSystem();
    let open = 0;
    const counting: FileSystem = Object.assign(Object.create(fileSystem) as FileSystem, {
      open: async (file: string, options?: { create?: boolean }) => {
        const handle = await fileSystem.open(file, options);
        open++;
        return { ...handle, close: async () => void open-- };
      },
    });
    const pool = new HandlePool(counting, 2);
    for (const name of ['/a', '/b', '/c', '/a', '/d']) await pool.use(name, true, async () => undefined);
    expect(open).to.equal(2);
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const uses = ['/a', '/b', '/c', '/d'].map((name) => pool.use(name, true, () => held));
    await new Promise((resolve) => setImmediate(resolve));
    expect(open).to.equal(4);
    await pool.forget('/a'); // in use: it closes when that ends
    expect(open).to.equal(4);
    release();
    await Promise.all(uses);
    expect(open).to.equal(2);
    await pool.close();
    expect(open).to.equal(0);
  });

  it('tells everyone who waits that a file cannot be opened, and tries again the next time', async () => {
    const fileSystem = new MemoryFileSystem();
    const pool = new HandlePool(fileSystem, 2);
    const outcomes = await Promise.allSettled([1, 2].map(() => pool.use('/f', false, async () => undefined)));
    expect(outcomes.map((outcome) => outcome.status)).to.deep.equal(['rejected', 'rejected']);
    await fileSystem.writeFile('/f', Buffer.alloc(1));
    expect(await pool.use('/f', false, async () => 'opened')).to.equal('opened');
    expect(pool.openCount).to.equal(1);
  });
});
