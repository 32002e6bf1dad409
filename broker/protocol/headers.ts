/**
 * Request and response headers. Which layout a header has follows from the API and version of what comes after it:
 *
 *     request v0 | apiKey i16 | apiVersion i16 | correlationId i32 |                                  ControlledShutdown v0
 * only
 *     request v1 | …                                               | clientId string? |              plain versions
 *     request v2 | …                                               | clientId string? | tagged |     flexible versions
 *     response v0 | correlationId i32 |                 plain versions, and ApiVersions always
 *     response v1 | correlationId i32 | tagged |        flexible versions
 */
import type { Reader } from '../../shared/bytes/reader.ts';
import type { Writer } from '../../shared/bytes/writer.ts';
import { readNullableStr, skipTags, writeStr } from './wire.ts';

const API_VERSIONS = 18;
const CONTROLLED_SHUTDOWN = 7;

export interface RequestHeader {
  apiKey: number;
  apiVersion: number;
  correlationId: number;
  clientId: string | null;
}

function requestHeaderVersion(apiKey: number, apiVersion: number, flexible: boolean): 0 | 1 | 2 {
  if (apiKey === CONTROLLED_SHUTDOWN && apiVersion === 0) return 0;
  return flexible ? 2 : 1;
}

function responseHeaderVersion(apiKey: number, flexible: boolean): 0 | 1 {
  return flexible && apiKey !== API_VERSIONS ? 1 : 0;
}

/**
 * Reads a request's header; `isFlexible` decides by key and version (`api-keys.ts` has one). For an API or version that
 * nobody knows only the fixed part and the client id can be trusted. Ask `reader.complete` afterwards.
 */
export function readRequestHeader(
  reader: Reader,
  isFlexible: (apiKey: number, apiVersion: number) => boolean,
): RequestHeader {
  const apiKey = reader.i16();
  const apiVersion = reader.i16();
  const correlationId = reader.i32();
  const version = requestHeaderVersion(apiKey, apiVersion, isFlexible(apiKey, apiVersion));
  const clientId = version === 0 ? null : readNullableStr(reader);
  if (version === 2) skipTags(reader);
  return { apiKey, apiVersion, correlationId, clientId };
}

export function writeRequestHeader(writer: Writer, header: RequestHeader, flexible: boolean): void {
  writer.i16(header.apiKey);
  writer.i16(header.apiVersion);
  writer.i32(header.correlationId);
  const version = requestHeaderVersion(header.apiKey, header.apiVersion, flexible);
  if (version > 0) writeStr(writer, header.clientId); // an int16-length string even in v2
  if (version === 2) writer.i8(0);
}

/** Reads a response's header and returns its correlation id. */
export function readResponseHeader(reader: Reader, apiKey: number, flexible: boolean): number {
  const correlationId = reader.i32();
  if (responseHeaderVersion(apiKey, flexible) === 1) skipTags(reader);
  return correlationId;
}

export function writeResponseHeader(writer: Writer, apiKey: number, correlationId: number, flexible: boolean): void {
  writer.i32(correlationId);
  if (responseHeaderVersion(apiKey, flexible) === 1) writer.i8(0);
}
