import { expect } from 'chai';
import { LogDirs } from '../../../broker/log/log-dirs.ts';
import { MemoryFileSystem } from '../../../broker/log/memory-file-system.ts';
import { RecordingLogger } from './support.ts';

describe('LogDirs', () => {
  let dirs: LogDirs;
  const homeOf = (name: string): string | undefined => dirs.choose(name)?.path;

  beforeEach(() => {
    dirs = new LogDirs(['/a', '/b', '/c'], new MemoryFileSystem(), new RecordingLogger());
    for (const dir of dirs.all) dir.online = true;
  });

  it('gives each new log the emptiest directory, counting those that are still being made', () => {
    dirs.foundIn(dirs.find('/a')!, 't-0');
    expect(['u-0', 'u-1', 'u-2', 'u-3'].map(homeOf)).to.deep.equal(['/b', '/c', '/a', '/b']);
    dirs.forget('u-1');
    expect(homeOf('u-4')).to.equal('/c');
  });

  it('counts a log where it moved to', () => {
    expect(['t-0', 't-1', 't-2'].map(homeOf)).to.deep.equal(['/a', '/b', '/c']);
    dirs.movedTo(dirs.find('/b')!, 't-0');
    expect(homeOf('t-3')).to.equal('/a');
  });

  it('prefers a directory once, and only while it is there', () => {
    dirs.prefer(dirs.find('/c')!, 't-0');
    expect([homeOf('t-0'), homeOf('t-0')]).to.deep.equal(['/c', '/a']);
    dirs.prefer(dirs.find('/c')!, 't-1');
    dirs.find('/c')!.online = false;
    expect(homeOf('t-1')).to.equal('/b');
  });

  it('has no place when every directory is offline', () => {
    for (const dir of dirs.all) dir.online = false;
    expect(homeOf('t-0')).to.equal(undefined);
    expect(() => dirs.requireOne('all have failed')).to.throw('Shutdown broker because all have failed');
    expect([dirs.livePaths, dirs.offlinePaths]).to.deep.equal([[], ['/a', '/b', '/c']]);
  });

  it('refuses a log that is in two directories', () => {
    dirs.foundIn(dirs.find('/a')!, 't-0');
    expect(() => dirs.foundIn(dirs.find('/b')!, 't-0')).to.throw('Duplicate log directories for t-0 are found in both /b/t-0 and /a/t-0.');
  });
});
