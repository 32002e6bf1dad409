/** What a watch reports (`Watcher.Event`). The server sends types 1 to 4 with state SyncConnected; clients make the rest. */
export const EventType = {
  None: -1,
  NodeCreated: 1,
  NodeDeleted: 2,
  NodeDataChanged: 3,
  NodeChildrenChanged: 4,
  DataWatchRemoved: 5,
  ChildWatchRemoved: 6,
  PersistentWatchRemoved: 7,
} as const;
export type EventType = (typeof EventType)[keyof typeof EventType];

export const KeeperState = {
  Disconnected: 0,
  SyncConnected: 3,
  AuthFailed: 4,
  ConnectedReadOnly: 5,
  SaslAuthenticated: 6,
  Closed: 7,
  Expired: -112,
} as const;
export type KeeperState = (typeof KeeperState)[keyof typeof KeeperState];

export interface WatchedEvent {
  type: EventType;
  state: KeeperState;
  path: string;
}

/** Modes of addWatch. */
export const AddWatchMode = { PERSISTENT: 0, PERSISTENT_RECURSIVE: 1 } as const;
export type AddWatchMode = (typeof AddWatchMode)[keyof typeof AddWatchMode];

/** Which watches removeWatches and checkWatches mean (`WatcherType`). */
export const WatcherType = { CHILDREN: 1, DATA: 2, ANY: 3 } as const;
export type WatcherType = (typeof WatcherType)[keyof typeof WatcherType];
