import { expect } from 'chai';
import type { ClientEvent } from '../../../shared/client/watch-registry.ts';
import { WatchRegistry } from '../../../shared/client/watch-registry.ts';
import type { EventType as EventTypeT } from '../../../shared/znode/watch-event.ts';
import { AddWatchMode, EventType, WatcherType } from '../../../shared/znode/watch-event.ts';

describe('WatchRegistry', () => {
  /** A registry with one watch of each kind on /a, each with a name; `take` gives the names. */
  function filled() {
    const registry = new WatchRegistry();
    const names = new Map<(event: ClientEvent) => void, string>();
    const named = (name: string) => {
      const callback = (): void => {};
      names.set(callback, name);
      return callback;
    };
    registry.add('data', '/a', named('data'));
    registry.add('exist', '/a', named('exist'));
    registry.add('child', '/a', named('child'));
    registry.addPersistent(AddWatchMode.PERSISTENT, '/a', named('persistent'));
    registry.addPersistent(AddWatchMode.PERSISTENT_RECURSIVE, '/a', named('recursive'));
    const take = (type: EventTypeT, path = '/a'): string[] => [...registry.take(type, path)].map((each) => names.get(each)!).sort();
    return { registry, named, take };
  }

  it('gives each kind of event to the watches that want it', () => {
    expect(filled().take(EventType.NodeCreated)).to.deep.equal(['data', 'exist', 'persistent', 'recursive']);
    expect(filled().take(EventType.NodeDataChanged)).to.deep.equal(['data', 'exist', 'persistent', 'recursive']);
    expect(filled().take(EventType.NodeChildrenChanged)).to.deep.equal(['child', 'persistent']);
    expect(filled().take(EventType.NodeDeleted)).to.deep.equal(['child', 'data', 'exist', 'persistent', 'recursive']);
  });

  it('forgets one-shot watches that fired, and keeps persistent ones', () => {
    const { take } = filled();
    take(EventType.NodeDeleted);
    expect(take(EventType.NodeDeleted)).to.deep.equal(['persistent', 'recursive']);
  });

  it('gives events of all descendants to a recursive watch, and those only', () => {
    const { registry, named, take } = filled();
    registry.addPersistent(AddWatchMode.PERSISTENT_RECURSIVE, '/', named('root'));
    expect(take(EventType.NodeCreated, '/a/b/c')).to.deep.equal(['recursive', 'root']);
    expect(take(EventType.NodeCreated, '/ab')).to.deep.equal(['root']);
    expect(take(EventType.NodeChildrenChanged, '/a/b')).to.deep.equal([]);
    expect(take(EventType.NodeDataChanged, '/')).to.deep.equal(['root']);
  });

  it('calls a callback once that watches the same thing twice', () => {
    const registry = new WatchRegistry();
    const callback = (): void => {};
    registry.add('data', '/a', callback);
    registry.add('data', '/a', callback);
    registry.addPersistent(AddWatchMode.PERSISTENT, '/a', callback);
    expect([...registry.take(EventType.NodeDataChanged, '/a')]).to.deep.equal([callback]);
  });

  it('removes by type and by callback', () => {
    const { registry } = filled();
    expect(registry.has('/a', WatcherType.CHILDREN)).to.equal(true);
    expect(registry.remove('/a', WatcherType.CHILDREN).map(([, type]) => type)).to.deep.equal([EventType.ChildWatchRemoved]);
    expect(registry.has('/a', WatcherType.CHILDREN)).to.equal(false);
    const own = (): void => {};
    registry.add('data', '/a', own);
    expect(registry.remove('/a', WatcherType.DATA, own)).to.deep.equal([[own, EventType.DataWatchRemoved]]);
    expect(registry.has('/a', WatcherType.DATA)).to.equal(true);
    expect(registry.remove('/a', WatcherType.ANY)).to.have.length(4);
    expect(registry.setWatchesRequests(1)).to.deep.equal([]);
  });

  it('cuts what arms a very large number of watches again into requests of bounded size', () => {
    const registry = new WatchRegistry();
    const paths = Array.from({ length: 5_000 }, (_, i) => `/${String(i).padStart(99, 'x')}`);
    for (const path of paths) registry.add(Number(path.slice(-1)) % 2 === 0 ? 'data' : 'child', path, () => {});
    const requests = registry.setWatchesRequests(7);
    const lists = requests.map((request) => {
      if (request.op !== 'setWatches') throw new Error(`unexpected ${request.op}`);
      expect(request.relativeZxid).to.equal(7);
      return [...request.dataWatches, ...request.childWatches];
    });
    expect(lists.flat().sort()).to.deep.equal(paths.sort());
    expect(requests).to.have.length(4);
    for (const list of lists) expect(list.join('').length).to.be.below(140_000);
  });
});
