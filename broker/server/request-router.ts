/**
 * From a frame to an answer: reads the header, finds the handler, decodes, calls, encodes. The rules of Kafka's `RequestChannel`:
 * an ApiVersions request in a version that nobody knows is answered in version 0 with error 35; any other API or version that is
 * not served, and any body that cannot be read, closes the connection.
 */
import { Reader } from '../../shared/bytes/reader.ts';
import { Writer } from '../../shared/bytes/writer.ts';
import { apiName, isFlexible } from '../protocol/api-keys.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { readRequestHeader, writeResponseHeader } from '../protocol/headers.ts';
import { apiVersions } from '../protocol/messages/18-api-versions.ts';
import type { AnyApi, Message } from '../protocol/schema.ts';
import type { ClientQuotas, RequestQuotas } from '../quota/client-quotas.ts';
import type { AnyHandler, Answer, RequestContext } from './handler.ts';
import { CLOSE_CONNECTION } from './handler.ts';

/** The client broke the protocol: its connection has to be closed, with one line in the log. */
export class ProtocolError extends Error {
  override readonly name = 'InvalidRequestException';
}

/** API key, version and correlation id. */
const FIXED_HEADER_SIZE = 8;

/** What a connection knows of its client. */
export type Peer = Pick<
  RequestContext,
  'listenerName' | 'clientAddress' | 'connectionId' | 'principal' | 'closed' | 'onClose'
>;

/** A request that was read and not yet handled. */
export interface RoutedRequest {
  readonly handler: AnyHandler;
  readonly context: RequestContext;
  readonly request: unknown;
}

/** An answer's bytes, in order, the size in front; null for none. */
export type Frame = readonly Buffer[] | null;

export class RequestRouter {
  private readonly handlers: (AnyHandler | undefined)[] = [];
  private readonly quotas: ClientQuotas | null;

  constructor(handlers: Iterable<AnyHandler>, quotas: ClientQuotas | null = null) {
    this.quotas = quotas;
    for (const handler of handlers) this.handlers[handler.api.key] = handler;
  }

  /** What is served: ApiVersions tells exactly this. */
  get apis(): AnyApi[] {
    return this.handlers.flatMap((handler) => (handler === undefined ? [] : [handler.api]));
  }

  /** Reads a frame. Throws `ProtocolError`. Returns an answer instead where the header alone decides. */
  read(frame: Buffer, peer: Peer): RoutedRequest | { readonly answer: Frame } {
    const { quotas } = this;
    const startedMs = quotas?.enabled === true ? quotas.nowMs() : null;
    const reader = new Reader(frame);
    const header = readRequestHeader(reader, isFlexible);
    const { apiKey, apiVersion, correlationId, clientId } = header;
    // How a client from the future lays out its header cannot be known, nor does it matter.
    if (apiKey === apiVersions.key && apiVersion > apiVersions.versionMax && frame.length >= FIXED_HEADER_SIZE) {
      return { answer: unsupportedApiVersions(correlationId) };
    }
    if (!reader.complete) throw new ProtocolError(`Error parsing request header: ${reader.failure}`);
    const handler = this.handlers[apiKey];
    if (handler === undefined) {
      const name = apiName(apiKey);
      throw new ProtocolError(
        name === null ? `Unknown API key ${apiKey}` : `Received request api key ${name} which is not enabled`,
      );
    }
    const { api } = handler;
    if (apiVersion < api.versionMin || apiVersion > api.versionMax) {
      if (apiKey === apiVersions.key) return { answer: unsupportedApiVersions(correlationId) }; // a negative one
      throw new ProtocolError(
        `Received request for api with key ${apiKey} (${api.name}) and unsupported version ${apiVersion}`,
      );
    }
    const request = api.request.decode(reader, apiVersion);
    if (!reader.complete) {
      throw new ProtocolError(
        `Error getting request for apiKey: ${api.name}, apiVersion: ${apiVersion}, connectionId: ${peer.connectionId}, ` +
          `listenerName: ${peer.listenerName}, principal: ${peer.principal}: ${reader.failure}`,
      );
    }
    const counts = startedMs !== null && handler.isClusterAction !== true;
    const requestQuotas = counts ? quotas!.open(peer.principal, clientId, startedMs) : null;
    return { handler, request, context: new Context(peer, apiVersion, correlationId, clientId, frame.length, requestQuotas) };
  }

  /** Hands the request to its handler. */
  handle(routed: RoutedRequest): Answer<unknown> | Promise<Answer<unknown>> {
    const answer = routed.handler.handle(routed.request as never, routed.context);
    routed.context.quotas?.handled();
    return answer;
  }

  /** The bytes of an answer that is a response; it tells how long the client's quotas have it wait. */
  encode(routed: RoutedRequest, response: Exclude<Answer<unknown>, typeof CLOSE_CONNECTION>): Frame {
    if (response === null) return null;
    const { apiVersion, correlationId, quotas } = routed.context;
    const throttleTimeMs = quotas?.throttleMs ?? 0;
    const told = throttleTimeMs > 0 ? { ...(response as object), throttleTimeMs } : response;
    return encodeResponse(routed.handler.api, apiVersion, correlationId, told);
  }
}

/** One class for all contexts: the same shape for every request, and the peer's getters stay live. */
class Context implements RequestContext {
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  readonly requestSize: number;
  readonly quotas: RequestQuotas | null;
  private readonly peer: Peer;

  constructor(
    peer: Peer,
    apiVersion: number,
    correlationId: number,
    clientId: string | null,
    requestSize: number,
    quotas: RequestQuotas | null,
  ) {
    this.peer = peer;
    this.requestSize = requestSize;
    this.quotas = quotas;
    this.apiVersion = apiVersion;
    this.correlationId = correlationId;
    this.clientId = clientId;
  }

  get listenerName(): string {
    return this.peer.listenerName;
  }
  get clientAddress(): string {
    return this.peer.clientAddress;
  }
  get connectionId(): string {
    return this.peer.connectionId;
  }
  get principal(): string {
    return this.peer.principal;
  }
  get closed(): boolean {
    return this.peer.closed;
  }
  onClose(listener: () => void): () => void {
    return this.peer.onClose(listener);
  }
}

function encodeResponse(api: AnyApi, apiVersion: number, correlationId: number, response: unknown): Frame {
  const writer = new Writer();
  writer.i32(0);
  writeResponseHeader(writer, api.key, correlationId, apiVersion >= api.flexibleFrom);
  (api.response as Message<unknown, unknown>).encode(writer, response, apiVersion);
  const { size } = writer;
  const chunks = writer.finishChunks();
  chunks[0]!.writeInt32BE(size - 4, 0);
  return chunks;
}

/** What a client that is too new gets: it can read version 0, and finds in it how far to step down. */
function unsupportedApiVersions(correlationId: number): Frame {
  const own = { apiKey: apiVersions.key, minVersion: apiVersions.versionMin, maxVersion: apiVersions.versionMax };
  return encodeResponse(apiVersions, 0, correlationId, {
    errorCode: ErrorCode.UNSUPPORTED_VERSION,
    apiKeys: [own],
    throttleTimeMs: 0,
  });
}
