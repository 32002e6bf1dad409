/**
 * The thread that compacts: one job at a time, on the real disk. The broker's loop hears of it when it is done. Started when
 * a log first needs it, ended when none has for a while (`cleaner-thread.ts`).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort } from 'node:worker_threads';
import { assert } from '../../shared/base/assert.ts';
import { FileSystemError } from './file.ts';
import { nodeFileSystem } from './node-file-system.ts';
import type { CleanerReply } from './cleaner-thread.ts';
import { cleanSegments } from './segment-cleaner.ts';
import type { CleanJob } from './segment-cleaner.ts';

assert(parentPort !== null, 'this file runs as a worker thread');
const port = parentPort;

port.on('message', (job: CleanJob) => {
  cleanSegments(job, nodeFileSystem, (ms) => sleep(ms)).then(
    (result) => port.postMessage({ kind: 'cleaned', result } satisfies CleanerReply),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      const reply: CleanerReply =
        error instanceof FileSystemError ? { kind: 'disk', message, path: error.path, code: error.code } : { kind: 'failed', message };
      port.postMessage(reply);
    },
  );
});
