/** The package as browsers have it: the client over WebSocket, and the recipes. Nothing here needs Node. */
export type {
  ClientEvent,
  ClientEvents,
  ClientOptions,
  ClientState,
  CreateOptions,
  DataLike,
  ReadOptions,
  SessionIdentity,
  WatchCallback,
} from './client.ts';
export { CoordinatorClient } from './client.ts';
export { CoordinatorError } from './errors.ts';
export { checkOp, createOp, deleteOp, setDataOp } from './ops.ts';
export * as recipes from './recipes/index.ts';
export type { Transport, TransportConnection, TransportHandlers } from './transport.ts';
export type { WebSocketLike, WsTransportOptions } from './ws-transport.ts';
export { wsTransport } from './ws-transport.ts';
export type { Acl, Id } from '../znode/acl.ts';
export { OPEN_ACL_UNSAFE, Perms } from '../znode/acl.ts';
export { CreateMode } from '../znode/create-mode.ts';
export { ErrorCode } from '../znode/error-code.ts';
export type { Data, MultiOp, MultiResult } from '../znode/operations.ts';
export type { Stat } from '../znode/stat.ts';
export { AddWatchMode, EventType, KeeperState, WatcherType } from '../znode/watch-event.ts';
