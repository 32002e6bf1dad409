import { expect } from 'chai';
import { AddWatchMode, EventType, WatcherType } from '../../../shared/znode/watch-event.ts';
import type { Watcher } from '../../../coordinator/tree/watch-table.ts';
import { WatchTable } from '../../../coordinator/tree/watch-table.ts';

const names = Object.fromEntries(Object.entries(EventType).map(([name, code]) => [code, name]));

class Recorder implements Watcher {
  readonly ids = [];
  heard: string[] = [];
  notify(type: EventType, path: string): void {
    this.heard.push(`${names[type]} ${path}`);
  }
  take(): string[] {
    const { heard } = this;
    this.heard = [];
    return heard;
  }
}

describe('WatchTable', () => {
  let table: WatchTable;
  let one: Recorder;
  beforeEach(() => {
    table = new WatchTable();
    one = new Recorder();
  });
  const remove = (path: string, parent: string): void => {
    table.deleted(path, 1, null);
    table.childrenChanged(parent, 1, null);
  };

  it('fires a data watch once and then forgets it', () => {
    table.addData('/a', one);
    table.addData('/a', one);
    table.changed('/a', 1, null);
    table.changed('/a', 2, null);
    expect(one.take()).to.deep.equal(['NodeDataChanged /a']);
    expect(table.size).to.equal(0);
  });

  it('tells of a deletion once, though both kinds are set', () => {
    table.addData('/a', one);
    table.addChild('/a', one);
    remove('/a', '/');
    expect(one.take()).to.deep.equal(['NodeDeleted /a']);
    expect(table.size).to.equal(0);
  });

  it('keeps a child watch when the data changes, and a data watch when a child comes', () => {
    table.addChild('/a', one);
    table.changed('/a', 1, null);
    expect(one.take()).to.deep.equal([]);
    table.addData('/b', one);
    table.childrenChanged('/b', 1, null);
    expect(one.take()).to.deep.equal([]);
    table.childrenChanged('/a', 1, null);
    expect(one.take()).to.deep.equal(['NodeChildrenChanged /a']);
  });

  it('lets a persistent watch stay, for all four events of its path', () => {
    table.addPersistent('/a', one, AddWatchMode.PERSISTENT);
    table.created('/a', 1, null);
    table.changed('/a', 1, null);
    table.childrenChanged('/a', 1, null);
    table.created('/a/b', 1, null);
    remove('/a', '/');
    expect(one.take()).to.deep.equal(['NodeCreated /a', 'NodeDataChanged /a', 'NodeChildrenChanged /a', 'NodeDeleted /a']);
    expect(table.size).to.equal(2);
  });

  it('tells a recursive watch of everything below, never of children lists, each event once', () => {
    table.addPersistent('/a', one, AddWatchMode.PERSISTENT_RECURSIVE);
    table.addPersistent('/', one, AddWatchMode.PERSISTENT_RECURSIVE);
    table.addData('/a/b/c', one);
    table.created('/a/b/c', 1, null);
    table.childrenChanged('/a/b', 1, null);
    table.changed('/ab', 1, null);
    remove('/a', '/');
    expect(one.take()).to.deep.equal(['NodeCreated /a/b/c', 'NodeDataChanged /ab', 'NodeDeleted /a']);
  });

  it('removes the kind that is asked for', () => {
    expect(table.remove('/a', one, WatcherType.ANY)).to.equal(false);
    table.addChild('/a', one);
    expect(table.has('/a', one, WatcherType.DATA)).to.equal(false);
    expect(table.remove('/a', one, WatcherType.DATA)).to.equal(false);
    expect(table.has('/a', one, WatcherType.ANY)).to.equal(true);
    expect(table.remove('/a', one, WatcherType.CHILDREN)).to.equal(true);
    table.addPersistent('/a', one, AddWatchMode.PERSISTENT);
    expect(table.remove('/a', one, WatcherType.DATA)).to.equal(true);
    table.changed('/a', 1, null);
    table.childrenChanged('/a', 1, null);
    expect(one.take()).to.deep.equal(['NodeChildrenChanged /a']);
    expect(table.remove('/a', one, WatcherType.ANY)).to.equal(true);
    expect(table.size).to.equal(0);
  });

  it('leaves nothing of a watcher that is gone, and others alone', () => {
    const two = new Recorder();
    table.addData('/a', one);
    table.addPersistent('/b', one, AddWatchMode.PERSISTENT_RECURSIVE);
    table.addData('/a', two);
    table.removeWatcher(one);
    expect(table.size).to.equal(1);
    table.changed('/a', 1, null);
    table.changed('/b/c', 1, null);
    expect([one.take(), two.take()]).to.deep.equal([[], ['NodeDataChanged /a']]);
  });

  it('keeps events from those who may not read, and uses their watch up', () => {
    table.addData('/a', one);
    table.changed('/a', 1, () => false);
    table.changed('/a', 1, null);
    expect(one.take()).to.deep.equal([]);
  });

  it('shows data watches by path', () => {
    table.addData('/a', one);
    table.addChild('/b', one);
    table.addPersistent('/c', one, AddWatchMode.PERSISTENT);
    expect([...table.dataWatches()].map(([path]) => path)).to.deep.equal(['/a', '/c']);
  });
});
