/**
 * What a Kafka API's handler is. One file a handler under `broker/handlers/`, numbered as its message; `handlers.ts` registers
 * each with one line, and ApiVersions answers with what is registered.
 *
 * A handler gets the decoded request and who asks, and returns the response (a value, or a promise when it has to wait). It
 * never sees sockets, frames or versions' layouts. Answers leave a connection in the order of its requests.
 */

import type { AnyApi } from '../protocol/schema.ts';
import type { RequestQuotas } from '../quota/client-quotas.ts';

/** Who asks, and how. */
export interface RequestContext {
  readonly apiVersion: number;
  /** As in the request header; null when the client gave none. */
  readonly clientId: string | null;
  readonly correlationId: number;
  /** The listener the connection came in by: endpoints in answers are those of this listener. */
  readonly listenerName: string;
  /** The peer's address without port, e.g. `127.0.0.1`. Prefixed with `/` in what Kafka prints as client host. */
  readonly clientAddress: string;
  /** `localAddress:localPort-remoteAddress:remotePort-index`, as Kafka names connections: unique in this process. */
  readonly connectionId: string;
  /** `User:ANONYMOUS` on a plaintext listener. */
  readonly principal: string;
  /** Bytes, header included. */
  readonly requestSize: number;
  /** Null while nobody has a quota, and for requests that none is meant for. */
  readonly quotas: RequestQuotas | null;
  /** True once the client has gone: a handler that waits may give up. */
  readonly closed: boolean;
  /** Calls back when the connection closes, however that happens. Returns a function that takes the listener away again. */
  onClose(listener: () => void): () => void;
}

/** Returned instead of a response: the connection is closed (e.g. a failed produce with acks=0, which has no answer to say so). */
export const CLOSE_CONNECTION: unique symbol = Symbol('close the connection');

/** The response; null when this request has none (produce with acks=0). */
export type Answer<Response> = Response | null | typeof CLOSE_CONNECTION;

/**
 * `handle` must not throw for what a client did: refusals are error codes in the response. What it throws is a bug or a failing
 * world: it is logged, the client's connection is closed and everyone else goes on.
 */
export interface Handler<Request, Response> {
  /** The declaration in `broker/protocol/messages`. */
  readonly api: AnyApi;
  /**
   * The connection's next request may be taken up before this one's answer is there, if that one's handler says so too. Answers
   * keep their order all the same. Only for handlers that do what is to be done in order before they return (produce).
   */
  readonly overlaps?: boolean;
  /** For brokers only: client quotas don't count it. */
  readonly isClusterAction?: boolean;
  handle(request: Request, context: RequestContext): Answer<Response> | Promise<Answer<Response>>;
}

/** A handler whose types only its own API knows. */
export type AnyHandler = Handler<never, unknown>;
