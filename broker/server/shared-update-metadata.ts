/**
 * UpdateMetadata as the controller sends it: the same to every broker but for that broker's epoch. With a thousand brokers and their
 * partitions that is many megabytes a thousand times over, so it is encoded once; each connection gets its own head and
 * the rest by reference.
 *
 *     v5–7  controllerId:i32 controllerEpoch:i32 brokerEpoch:i64 …      v8  controllerId:i32 isKRaftController:bool controllerEpoch:i32 brokerEpoch:i64 …
 */
import { Writer } from '../../shared/bytes/writer.ts';
import type { UpdateMetadataRequest } from '../protocol/messages/06-update-metadata.ts';
import { updateMetadata } from '../protocol/messages/06-update-metadata.ts';

const FIRST_WITH_EPOCH = 5;
const BROKER_EPOCH_SIZE = 8;
const epochPosition = (version: number): number => (version >= 8 ? 9 : 8);

/** Encoded bodies by version, as long as somebody holds the request's (shared) list of topics. */
const bodies = new WeakMap<UpdateMetadataRequest['topicStates'], Map<number, Buffer>>();

function bodyOf(request: UpdateMetadataRequest, version: number): Buffer {
  let byVersion = bodies.get(request.topicStates);
  if (byVersion === undefined) bodies.set(request.topicStates, (byVersion = new Map<number, Buffer>()));
  let body = byVersion.get(version);
  if (body === undefined) {
    const writer = new Writer();
    updateMetadata.request.encode(writer, request, version);
    byVersion.set(version, (body = writer.finish()));
  }
  return body;
}

function encode(writer: Writer, request: UpdateMetadataRequest, version: number): void {
  const body = bodyOf(request, version);
  if (version < FIRST_WITH_EPOCH) return writer.reference(body);
  const position = epochPosition(version);
  writer.bytes(body.subarray(0, position));
  writer.i64(request.brokerEpoch);
  writer.reference(body.subarray(position + BROKER_EPOCH_SIZE));
}

/** For requests that share `topicStates` (and everything but `brokerEpoch`), as `requestsFor` makes them. */
export const sharedUpdateMetadata = { ...updateMetadata, request: { ...updateMetadata.request, encode } };
