/** What one client, or all of them, may cost the server at most. Each number has its reason; `assertLimits` their relations. */
import { assert } from '../../shared/base/assert.ts';

/** Requests of one connection that wait for an earlier write: beyond it the connection is not read. */
export const PENDING_PER_CLIENT_MAX = 10_000;
/** Unsent bytes at which a connection's requests are no longer read: it has to read its answers first. */
export const UNSENT_BYTES_PAUSE = 4 << 20;
/** Unsent bytes at which a connection is closed: watch events pile up for a client that never reads. */
export const UNSENT_BYTES_MAX = 64 << 20;
/** Bytes of transactions collected for the next commit: beyond it no client is read until the disk has caught up. */
export const UNLOGGED_BYTES_MAX = 64 << 20;
/** Batches handed to the log and not durable yet. One is on its way to the disk, the next is ready when that returns. */
export const LOG_BATCHES_IN_FLIGHT_MAX = 2;

/** Bytes of committed batches that a leader keeps in memory for learners that return; older ones come from the disk. */
export const COMMIT_LOG_BYTES_MAX = 16 << 20;

export function assertLimits(): void {
  assert(UNSENT_BYTES_PAUSE < UNSENT_BYTES_MAX, 'a slow reader is paused before it is closed');
  assert(LOG_BATCHES_IN_FLIGHT_MAX >= 1, 'the log can be written');
}
