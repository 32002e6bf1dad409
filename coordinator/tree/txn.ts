/**
 * Transactions: what the log holds and what replicas apply. Each says the outcome, not the wish: the versions and the
 * creation counter in it are the *new* values, so that applying one again, or applying it to a snapshot that already has
 * it, changes nothing (`TxnHeader` and the `…Txn` records of zookeeper.jute).
 */
import type { Acl } from '../../shared/znode/acl.ts';
import type { Data } from '../../shared/znode/operations.ts';
import type { ZnodeKind } from './znode.ts';

export interface CreateTxn {
  type: 'create';
  path: string;
  data: Data;
  acl: readonly Acl[];
  kind: ZnodeKind;
  /** The parent's creation counter after this creation. */
  parentCreations: number;
}
export interface DeleteTxn {
  type: 'delete';
  path: string;
}
export interface SetDataTxn {
  type: 'setData';
  path: string;
  data: Data;
  version: number;
}
export interface SetAclTxn {
  type: 'setACL';
  path: string;
  acl: readonly Acl[];
  /** The new aversion. */
  version: number;
}
/** Only inside a multi: held when it was prepared. */
export interface CheckTxn {
  type: 'check';
  path: string;
}
export interface CreateSessionTxn {
  type: 'createSession';
  timeoutMs: number;
}
export interface CloseSessionTxn {
  type: 'closeSession';
  /** The session's ephemerals at that moment. */
  paths: readonly string[];
}
/** A request that was refused: it took a zxid, and changes nothing. */
export interface ErrorTxn {
  type: 'error';
  error: number;
}
export type MultiPart = CreateTxn | DeleteTxn | SetDataTxn | CheckTxn | ErrorTxn;
/** All of it or, when one was refused, error parts only: 0 before the refused one, its code, -2 after it. */
export interface MultiTxn {
  type: 'multi';
  parts: readonly MultiPart[];
}

export type TxnBody =
  | CreateTxn
  | DeleteTxn
  | SetDataTxn
  | SetAclTxn
  | CheckTxn
  | CreateSessionTxn
  | CloseSessionTxn
  | ErrorTxn
  | MultiTxn;

export interface Txn {
  zxid: number;
  /** The leader's wall clock. */
  timeMs: number;
  sessionId: bigint;
  /** The client's xid. */
  cxid: number;
  body: TxnBody;
}
