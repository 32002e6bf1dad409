/**
 * Where writes get their place in the one order of all: `OwnOrder` gives it (a server alone, a leader), `ForwardedOrder` asks the leader
 * for it. The request pipeline in front of them and the clients behind that see no difference.
 */
import type { Request, WriteRequest } from '../../shared/znode/operations.ts';
import type { Client, ClientSession } from './client.ts';
import type { RequestPipeline } from './request-pipeline.ts';

export interface WriteOrder {
  /** Requests that were ordered, or sent to be, and are not committed. */
  readonly inFlightCount: number;
  /** Bytes that wait for their commit: beyond a bound clients have to wait too. */
  readonly waitingBytes: number;
  attach(pipeline: RequestPipeline): void;
  write(client: Client, xid: number, request: WriteRequest, startMs: number): void;
  createSession(client: Client, session: ClientSession): void;
  /** Makes a session the ensemble's that was one member's own: nobody waits for that. */
  upgradeSession?(client: Client, session: ClientSession): void;
  /** `client` null: nobody waits for the end. */
  closeSession(session: ClientSession, client: Client | null, xid: number, request: Request | null): void;
  /** Answers once everything ordered before it is applied here. */
  sync(client: Client, xid: number, request: Request, startMs: number): void;
  /** The client has shown another identity: its later writes have it. */
  identified?(client: Client): void;
}
