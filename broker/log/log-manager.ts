/**
 * All logs of a broker, over one or more log directories: opened together at the start, created and deleted one by one,
 * looked after in the background (retention, forcing to the disk, checkpoints), closed at the stop.
 *
 * A directory whose disk fails goes offline with all its logs; the others go on. Listeners hear of it once: the broker tells
 * clients KAFKA_STORAGE_ERROR and the controller, and stops when no directory is left.
 */
import path from 'node:path';
import { systemClock } from '../../shared/base/clock.ts';
import type { Clock } from '../../shared/base/clock.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { CheckpointError } from './checkpoint-files.ts';
import { FewAtATime } from './few-at-a-time.ts';
import { CleanerThread } from './cleaner-thread.ts';
import { FileSystemError } from './file.ts';
import type { FileSystem } from './file.ts';
import { HandlePool } from './handle-pool.ts';
import { IndexCache } from './index-cache.ts';
import { LogCleaner, defaultCleanerConfig } from './log-cleaner.ts';
import type { LogConfig } from './log-config.ts';
import type { LogDir } from './log-dir.ts';
import { LogDirs } from './log-dirs.ts';
import type { LogSurroundings } from './log-state.ts';
import type { DirFailure, HighWatermark, LogManagerOptions } from './log-manager-options.ts';
import { LogUpkeep, forEachBounded } from './log-upkeep.ts';
import { TickWriter } from './log-writer.ts';
import { deletedDirectoryName, parsePartitionDirectory, partitionDirectoryName } from './names.ts';
import { nodeFileSystem } from './node-file-system.ts';
import { PartitionLog } from './partition-log.ts';
import { ReplicaMoves } from './replica-moves.ts';
import type { FutureReplica } from './replica-moves.ts';
import { systemScheduler } from './scheduler.ts';
import type { Scheduler } from './scheduler.ts';
import { StorageError } from './storage-error.ts';
import { TailBudget } from './tail-pages.ts';

export { LogStartError, readMetaProperties } from './log-dir.ts';
export type { DirFailure, HighWatermark, LogManagerOptions } from './log-manager-options.ts';

/** The logs that a "recovery thread" opens at a time: they wait for the disk more than they compute. */
const LOGS_PER_RECOVERY_THREAD = 8;
const OPEN_FILES_MAX = 2048;
/** Two of libuv's four threads. */
const EPOCH_WRITES_MAX = 2;

export class LogManager {
  private readonly options: LogManagerOptions;
  private readonly clock: Clock;
  private readonly scheduler: Scheduler;
  private readonly logger: Logger;
  private readonly fileSystem: FileSystem;
  private readonly surroundings: LogSurroundings;
  private readonly dirs: LogDirs;
  private readonly logs = new Map<string, PartitionLog>();
  /** Logs on their way in or out, by name: the next step for the same name waits. */
  private readonly changing = new Map<string, Promise<unknown>>();
  private readonly offline = new Set<string>();
  /** As last checkpointed, by name. */
  private readonly highWatermarks = new Map<string, number>();
  private readonly listeners = new Set<(failure: DirFailure) => void>();
  readonly upkeep: LogUpkeep;
  readonly cleaner: LogCleaner;
  private readonly moves: ReplicaMoves;
  private defaults: LogConfig;
  private closing = false;

  private constructor(options: LogManagerOptions) {
    this.options = options;
    this.defaults = options.defaults;
    this.clock = options.clock ?? systemClock;
    this.scheduler = options.scheduler ?? systemScheduler;
    this.logger = options.logger ?? createLogger('kafka.log.LogManager');
    this.fileSystem = options.fileSystem ?? nodeFileSystem;
    this.surroundings = {
      fileSystem: this.fileSystem,
      handles: new HandlePool(this.fileSystem, options.openFilesMax ?? OPEN_FILES_MAX),
      indexes: new IndexCache(),
      tail: new TailBudget(options.tailLimits),
      writer: new TickWriter(this.scheduler),
      epochWrites: new FewAtATime(EPOCH_WRITES_MAX),
      scheduler: this.scheduler,
      clock: this.clock,
      logger: this.logger,
      random: options.random ?? Math.random,
      producerIdExpirationMs: options.producerIdExpirationMs ?? 86_400_000,
      onFailure: (error) => this.failDir(error.logDir, error),
    };
    this.dirs = new LogDirs(options.dirs, this.fileSystem, this.logger);
    this.upkeep = new LogUpkeep({
      dirs: this.dirs.all,
      logs: this.logs,
      highWatermarks: this.highWatermarks,
      clock: this.clock,
      scheduler: this.scheduler,
      intervals: options,
      failDir: (dir, error, message) => this.failDir(dir.path, error, message),
    });
    this.cleaner = new LogCleaner(
      {
        dirs: this.dirs.all,
        logs: this.logs,
        clock: this.clock,
        scheduler: this.scheduler,
        logger: options.logger ?? createLogger('kafka.log.LogCleaner'),
        makeExecutor: options.makeCleanerExecutor ?? (() => new CleanerThread(this.scheduler)),
        failDir: (dir, error, message) => this.failDir(dir.path, error, message),
      },
      options.cleaner ?? defaultCleanerConfig,
    );
    this.moves = new ReplicaMoves({
      clock: this.clock,
      scheduler: this.scheduler,
      logger: this.logger,
      bytesPerSecondMax: options.moveBytesPerSecondMax ?? (() => Number.MAX_VALUE),
      openCopy: (log, directory) => this.openCopy(log, directory),
      isCurrent: (log) => this.get(log.topic, log.partition) === log,
      moved: (log, dir, retired) => {
        this.dirs.movedTo(dir, partitionDirectoryName(log.topic, log.partition));
        this.removeLater(retired);
      },
      removeTree: (directory) => this.fileSystem.removeTree(directory),
    });
  }

  /**
   * Locks the directories, checks whose they are and opens all logs in them. Throws `LogStartError` when it must not start.
   */
  static async open(options: LogManagerOptions): Promise<LogManager> {
    const manager = new LogManager(options);
    try {
      await manager.start();
    } catch (error) {
      await manager.abandon();
      throw error;
    }
    return manager;
  }

  private async start(): Promise<void> {
    const startedMs = this.clock.monotonicMs();
    await this.dirs.acquire(
      this.options,
      () => this.clock.wallMs(),
      (dir, error, message) => this.failDir(dir.path, error, message),
    );
    this.logger.info(`Loading logs from log dirs ${this.liveDirs.join(', ')}`);
    await Promise.all(this.dirs.online.map((dir) => this.loadDir(dir)));
    this.logger.info(`Loaded ${this.logs.size} logs in ${Math.round(this.clock.monotonicMs() - startedMs)}ms.`);
    this.dirs.requireOne(`all log dirs in ${this.options.dirs.join(', ')} have failed`);
    this.upkeep.start();
    this.cleaner.start();
  }

  private async loadDir(dir: LogDir): Promise<void> {
    try {
      const recoveryPoints = await dir.readRecoveryPoints();
      const logStarts = await dir.readLogStarts();
      for (const [name, offset] of await dir.readHighWatermarks()) this.highWatermarks.set(name, offset);
      this.cleaner.restore(await dir.readCleanerOffsets());
      const entries = (await this.fileSystem.list(dir.path)).filter((entry) => entry.isDirectory);
      const concurrency = Math.max(1, this.options.recoveryThreadsPerDataDir ?? 1) * LOGS_PER_RECOVERY_THREAD;
      await forEachBounded(entries, concurrency, async ({ name }) => {
        if (!dir.online) return;
        const parsed = parsePartitionDirectory(name);
        if (parsed === null) {
          this.logger.warn(
            `Found directory ${dir.file(name)}, which is not in the form of topic-partition: it is left alone.`,
          );
        } else if (parsed.kind === 'deleted') {
          this.removeLater(dir.file(name));
        } else if (parsed.kind === 'future') {
          this.logger.warn(`Found ${dir.file(name)}, a replica whose move between log directories was interrupted: it is removed.`);
          await this.fileSystem.removeTree(dir.file(name));
        } else {
          const { topic, partition } = parsed;
          this.dirs.foundIn(dir, name);
          const recovery = {
            cleanShutdown: dir.cleanShutdown,
            recoveryPoint: recoveryPoints.get(name) ?? 0,
            logStartOffset: logStarts.get(name) ?? 0,
          };
          const log = await PartitionLog.open({ ...this.placeOf(topic, partition, dir), recovery });
          await this.admit(name, log, dir);
        }
      });
    } catch (error) {
      if (!(error instanceof FileSystemError) && !(error instanceof CheckpointError) && !(error instanceof StorageError))
        throw error;
      this.failDir(dir.path, error, `Error while loading log dir ${dir.path}`);
    }
  }

  get liveDirs(): readonly string[] {
    return this.dirs.livePaths;
  }

  get offlineDirs(): readonly string[] {
    return this.dirs.offlinePaths;
  }

  get allLogs(): Iterable<PartitionLog> {
    return this.logs.values();
  }

  get(topic: string, partition: number): PartitionLog | undefined {
    return this.logs.get(partitionDirectoryName(topic, partition));
  }

  /** Whether the partition's log was in a directory that has failed since the start. */
  isOffline(topic: string, partition: number): boolean {
    return this.offline.has(partitionDirectoryName(topic, partition));
  }

  onDirFailure(listener: (failure: DirFailure) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * The partition's log, begun in the emptiest directory when there is none. `isNew`: the partition was created just now, so
   * it cannot be in a directory that is offline. Rejects with `StorageError` when there is no place for it.
   */
  async getOrCreate(
    topic: string,
    partition: number,
    topicId: string,
    { isNew = false }: { readonly isNew?: boolean } = {},
  ): Promise<PartitionLog> {
    const name = partitionDirectoryName(topic, partition);
    for (let pending = this.changing.get(name); pending !== undefined; pending = this.changing.get(name)) await pending;
    const known = this.logs.get(name);
    if (known !== undefined) {
      if (!known.hasTopicId) await known.assignTopicId(topicId);
      return known;
    }
    return this.change(name, () => this.create(name, topic, partition, topicId, isNew));
  }

  private async create(
    name: string,
    topic: string,
    partition: number,
    topicId: string,
    isNew: boolean,
  ): Promise<PartitionLog> {
    const dead = this.offlineDirs;
    if (this.closing || (!isNew && dead.length > 0)) {
      const why = this.closing ? 'the broker is stopping' : `log directories ${dead.join(',')} are offline`;
      throw new StorageError(dead[0] ?? '', `Can not create log for ${name} because ${why}`);
    }
    const dir = this.dirs.choose(name);
    if (dir === undefined)
      throw new StorageError(dead[0] ?? '', `No log directories available. Tried ${this.options.dirs.join(', ')}`);
    try {
      const log = await PartitionLog.open({ ...this.placeOf(topic, partition, dir), topicId });
      await this.admit(name, log, dir);
      this.logger.info(`Created log for partition ${name} in ${dir.file(name)}`);
      return log;
    } catch (error) {
      this.dirs.forget(name);
      if (!(error instanceof FileSystemError)) throw error;
      const message = `Error while creating log for ${name} in dir ${dir.path}`;
      this.failDir(dir.path, error, message);
      throw new StorageError(dir.path, message, error);
    }
  }

  private placeOf(topic: string, partition: number, dir: LogDir) {
    const config = this.options.configOf?.(topic) ?? this.defaults;
    return { topic, partition, directory: dir.file(partitionDirectoryName(topic, partition)), config, surroundings: this.surroundings };
  }

  /** Takes in a log that was opened, unless its directory failed meanwhile. */
  private async admit(name: string, log: PartitionLog, dir: LogDir): Promise<void> {
    if (dir.online) {
      this.logs.set(name, log);
      return;
    }
    this.offline.add(name);
    log.takeOffline();
    await log.letGo();
    throw new StorageError(dir.path, `Can not open log ${name} because log directory ${dir.path} is offline`);
  }

  /**
   * Begins to move a partition's log to another directory. One that is not here yet is made there when it comes. Returns an
   * error code, and none when the move has begun or there is nothing to move.
   */
  async moveReplica(topic: string, partition: number, directory: string): Promise<number> {
    const name = partitionDirectoryName(topic, partition);
    const dir = this.dirs.find(path.resolve(directory));
    if (dir === undefined || !path.isAbsolute(directory)) return ErrorCode.LOG_DIR_NOT_FOUND;
    if (!dir.online || this.offline.has(name)) return ErrorCode.KAFKA_STORAGE_ERROR;
    const log = this.logs.get(name);
    if (log === undefined) {
      this.dirs.prefer(dir, name);
      return ErrorCode.REPLICA_NOT_AVAILABLE;
    }
    await this.moves.begin(log, dir);
    return ErrorCode.NONE;
  }

  /** Replicas on their way between directories. */
  get futureReplicas(): Iterable<FutureReplica> {
    return this.moves.futures();
  }

  private async openCopy(log: PartitionLog, directory: string): Promise<PartitionLog> {
    const { topic, partition, topicId, config } = log;
    try {
      return await PartitionLog.open({ topic, partition, directory, config, surroundings: this.surroundings, topicId });
    } catch (error) {
      if (!(error instanceof FileSystemError)) throw error;
      const message = `Error while moving ${topic}-${partition} to ${directory}`;
      this.failDir(path.dirname(directory), error, message);
      throw new StorageError(path.dirname(directory), message, error);
    }
  }

  private change<T>(name: string, step: () => Promise<T>): Promise<T> {
    const done = step().finally(() => this.changing.delete(name));
    // Those who wait for the name only want it to be over.
    this.changing.set(
      name,
      done.then(
        () => undefined,
        () => undefined,
      ),
    );
    return done;
  }

  /**
   * Takes the partition's log away: renamed at once, its files removed `file.delete.delay.ms` later. Fine if there is none.
   */
  async delete(topic: string, partition: number): Promise<void> {
    const name = partitionDirectoryName(topic, partition);
    for (let pending = this.changing.get(name); pending !== undefined; pending = this.changing.get(name)) await pending;
    const log = this.logs.get(name);
    if (log === undefined) return;
    this.logs.delete(name);
    this.dirs.forget(name);
    this.highWatermarks.delete(name);
    this.cleaner.forget(name);
    let target = '';
    try {
      await this.change(name, async () => {
        await this.moves.cancel(name);
        target = path.join(log.logDir, deletedDirectoryName(topic, partition));
        await log.moveTo(target);
        await log.letGo();
      });
    } catch (error) {
      if (error instanceof StorageError) return; // the directory went offline, and the log with it
      throw error;
    }
    this.logger.info(`Log for partition ${name} is renamed to ${target} and is scheduled for deletion`);
    this.removeLater(target);
    await this.upkeep.checkpointRecoveryPoints();
    await this.upkeep.checkpointLogStarts();
  }

  private removeLater(directory: string): void {
    this.upkeep.later(this.defaults.fileDeleteDelayMs, async () => {
      try {
        await this.fileSystem.removeTree(directory);
        this.logger.info(`Deleted log in ${directory}.`);
      } catch (error) {
        this.failDir(path.dirname(directory), toError(error), `Error while deleting log in ${directory}`);
      }
    });
  }

  /** Those of which there is a log here. */
  topics(): Set<string> {
    return new Set([...this.logs.values()].map(({ topic }) => topic));
  }

  /** A topic's config changed. */
  updateConfig(topic: string, config: LogConfig): void {
    for (const log of this.logs.values()) if (log.topic === topic) log.config = config;
  }

  /** The broker's defaults changed: for logs to come. */
  updateDefaults(defaults: LogConfig): void {
    this.defaults = defaults;
  }

  /** The high watermark that was last written down, 0 if none. */
  checkpointedHighWatermark(topic: string, partition: number): number {
    return this.highWatermarks.get(partitionDirectoryName(topic, partition)) ?? 0;
  }

  /** Writes high watermarks down, a file per directory. What is not among them keeps its last one. */
  async checkpointHighWatermarks(partitions: Iterable<HighWatermark>): Promise<void> {
    for (const { topic, partition, highWatermark } of partitions) {
      this.highWatermarks.set(partitionDirectoryName(topic, partition), highWatermark);
    }
    await this.upkeep.checkpointHighWatermarks();
  }

  /** A directory's disk failed: everything in it is offline from now on. */
  private failDir(directory: string, error: Error, message = error.message): void {
    const dir = this.dirs.find(directory);
    if (dir === undefined || !dir.online) return;
    dir.online = false;
    createLogger('kafka.server.LogDirFailureChannel').error(message, { error: error.cause ?? error });
    this.logger.warn(`Stopping serving logs in dir ${directory}`);
    const partitions: string[] = [];
    for (const [name, log] of [...this.logs]) {
      if (log.logDir !== directory) continue;
      partitions.push(name);
      this.logs.delete(name);
      this.offline.add(name);
      log.takeOffline();
      log.letGo().catch((reason: unknown) => this.logger.warn(`Could not close the files of ${name}`, { error: reason }));
    }
    this.logger.warn(`Logs for partitions ${partitions.join(',')} are offline due to failure on log directory ${directory}`);
    dir.release();
    const othersLeft = this.liveDirs.length > 0;
    if (!othersLeft)
      this.logger.error(`Shutdown broker because all log dirs in ${this.options.dirs.join(', ')} have failed`);
    for (const listener of this.listeners) listener({ logDir: directory, error, partitions, othersLeft });
  }

  /**
   * Forces everything to the disk, writes the checkpoints and marks the stop as clean, each directory that is still well.
   */
  async close(): Promise<void> {
    if (this.closing) return;
    this.logger.info('Shutting down.');
    this.closing = true;
    this.upkeep.stop();
    await this.cleaner.stop();
    await this.moves.cancelAll();
    await Promise.all(this.changing.values());
    const concurrency = Math.max(1, this.options.recoveryThreadsPerDataDir ?? 1) * LOGS_PER_RECOVERY_THREAD;
    await forEachBounded([...this.logs.values()], concurrency, async (log) => {
      try {
        await log.close();
      } catch (error) {
        if (!(error instanceof StorageError)) throw error; // the directory is offline, and gets no mark
      }
    });
    await this.upkeep.checkpointRecoveryPoints();
    await this.upkeep.checkpointLogStarts();
    await this.upkeep.checkpointHighWatermarks();
    await this.upkeep.onEachDir((dir) => dir.markCleanShutdown());
    this.dirs.release();
    await this.surroundings.handles.close();
    this.logger.info('Shutdown complete.');
  }

  /** Lets go of everything without marking the stop as clean: the start failed, or a test plays a crash. */
  async abandon(): Promise<void> {
    this.closing = true;
    this.upkeep.stop();
    await this.cleaner.stop();
    await this.moves.cancelAll();
    for (const log of this.logs.values()) {
      log.takeOffline();
      await log.letGo();
    }
    this.dirs.release();
    await this.surroundings.handles.close();
  }
}

function toError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
