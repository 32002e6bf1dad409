/** A worker thread that compacts, as the cleaner uses it: there while there is work, gone when there was none for a while. */
import { Worker } from 'node:worker_threads';
import { programUrl } from '../../shared/runtime/program.ts';
import { FileSystemError } from './file.ts';
import { UncleanableError } from './segment-cleaner.ts';
import type { CleanJob, CleanResult } from './segment-cleaner.ts';
import type { Scheduler } from './scheduler.ts';

export type CleanerReply =
  | { readonly kind: 'cleaned'; readonly result: CleanResult }
  | { readonly kind: 'disk'; readonly message: string; readonly path: string; readonly code: string }
  | { readonly kind: 'failed'; readonly message: string };

/** Runs one compaction. Rejects with `FileSystemError`, or with what says that this log cannot be compacted. */
export interface CleanerExecutor {
  clean(job: CleanJob): Promise<CleanResult>;
  close(): Promise<void>;
}

/** A thread takes some 20 MB, and 50 ms to start. */
const IDLE_MS = 30_000;
/** The heap of the thread: batches on their way. The table of keys lies outside it. */
const HEAP_MB = 128;

export class CleanerThread implements CleanerExecutor {
  private readonly scheduler: Scheduler;
  private worker: Worker | null = null;
  private cancelEnd = (): void => undefined;

  constructor(scheduler: Scheduler) {
    this.scheduler = scheduler;
  }

  async clean(job: CleanJob): Promise<CleanResult> {
    this.cancelEnd();
    this.worker ??= new Worker(programUrl('broker/log/log-cleaner-worker'), {
      name: 'log-cleaner',
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
    });
    const { worker } = this;
    try {
      return resultOf(await this.replyOf(worker, job), job);
    } finally {
      this.cancelEnd = this.scheduler.after(IDLE_MS, () => void this.close());
    }
  }

  private replyOf(worker: Worker, job: CleanJob): Promise<CleanerReply> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        worker.off('message', onReply).off('error', onError).off('exit', onExit);
      };
      const onReply = (reply: CleanerReply): void => {
        done();
        resolve(reply);
      };
      const onError = (error: unknown): void => {
        done();
        this.worker = null;
        reject(error instanceof Error ? error : new Error(String(error)));
      };
      const onExit = (): void => onError(new Error('The thread of the log cleaner ended'));
      worker.on('message', onReply).on('error', onError).on('exit', onExit);
      worker.postMessage(job);
    });
  }

  async close(): Promise<void> {
    this.cancelEnd();
    const { worker } = this;
    this.worker = null;
    await worker?.terminate();
  }
}

function resultOf(reply: CleanerReply, job: CleanJob): CleanResult {
  switch (reply.kind) {
    case 'cleaned':
      return reply.result;
    case 'disk':
      throw new FileSystemError(`compact ${job.name} at`, reply.path, Object.assign(new Error(reply.message), { code: reply.code }));
    case 'failed':
      throw new UncleanableError(reply.message);
  }
}
