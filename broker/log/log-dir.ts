/**
 * One log directory: its lock, its `meta.properties`, its checkpoints and the mark of a clean stop.
 */
import path from 'node:path';
import type { Logger } from '../../shared/telemetry/logger.ts';
import {
  CLEANER_FILE,
  CLEAN_SHUTDOWN_FILE,
  CheckpointError,
  HIGH_WATERMARK_FILE,
  LOCK_FILE,
  LOG_START_FILE,
  META_PROPERTIES_FILE,
  RECOVERY_POINT_FILE,
  decodeMetaProperties,
  decodeOffsets,
  encodeMetaProperties,
  encodeOffsets,
} from './checkpoint-files.ts';
import type { MetaProperties, PartitionOffsets } from './checkpoint-files.ts';
import { FileSystemError } from './file.ts';
import type { FileLock, FileSystem } from './file.ts';

/** A reason not to start, in the original's terms. */
export class LogStartError extends Error {
  override readonly name = 'LogStartError';
  /** The original's exception class. */
  readonly className: string;

  constructor(className: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.className = className;
  }
}

export interface BrokerIdentity {
  readonly brokerId: number;
  readonly clusterId: string;
}

const EMPTY = Buffer.alloc(0);

export class LogDir {
  readonly path: string;
  online = true;
  /** The last stop was clean: the files can be trusted. */
  cleanShutdown = false;
  private readonly fileSystem: FileSystem;
  private readonly logger: Logger;
  private lock: FileLock | null = null;
  /** What each checkpoint file holds, so that an unchanged one is not written again. */
  private readonly lastWritten = new Map<string, string>();
  /** Writes of one checkpoint follow each other. */
  private readonly writing = new Map<string, Promise<void>>();

  constructor(directory: string, fileSystem: FileSystem, logger: Logger) {
    this.path = path.resolve(directory);
    this.fileSystem = fileSystem;
    this.logger = logger;
  }

  file(name: string): string {
    return path.join(this.path, name);
  }

  /** Makes the directory if need be, and locks it. */
  async acquire(): Promise<void> {
    const status = await this.fileSystem.status(this.path);
    if (status === null) {
      this.logger.info(`Log directory ${this.path} not found, creating it.`);
      await this.fileSystem.makeDirectory(this.path);
    } else if (!status.isDirectory) {
      throw new FileSystemError(
        'use as log directory',
        this.path,
        new Error(`${this.path} is not a readable log directory.`),
      );
    }
    this.lock = await this.fileSystem.lock(this.file(LOCK_FILE));
    if (this.lock === null) {
      throw new LogStartError(
        'org.apache.kafka.common.KafkaException',
        `Failed to acquire lock on file .lock in ${this.path}. A Kafka instance in another process or thread is using this directory.`,
      );
    }
  }

  release(): void {
    this.lock?.release();
    this.lock = null;
  }

  /** Refuses a directory of another broker or cluster, and writes down whose it is from now on. */
  async claim(identity: BrokerIdentity, nowMs: number): Promise<void> {
    const stored = await readMeta(this.path, this.fileSystem);
    if (stored?.clusterId != null && stored.clusterId !== identity.clusterId) {
      throw new LogStartError(
        'kafka.common.InconsistentClusterIdException',
        `The Cluster ID ${identity.clusterId} doesn't match stored clusterId Some(${stored.clusterId}) in meta.properties. The broker ` +
          'is trying to join the wrong cluster. Configured zookeeper.connect may be wrong.',
      );
    }
    if (stored?.brokerId != null && stored.brokerId !== identity.brokerId) {
      throw new LogStartError(
        'kafka.common.InconsistentBrokerIdException',
        `Configured broker.id ${identity.brokerId} doesn't match stored broker.id Some(${stored.brokerId}) in meta.properties. If you ` +
          'moved your data, make sure your configured broker.id matches. If you intend to create a new broker, you should remove all ' +
          'data in your data directories (log.dirs).',
      );
    }
    if (stored?.clusterId == null || stored.brokerId === null) {
      await this.fileSystem.replaceFile(this.file(META_PROPERTIES_FILE), encodeMetaProperties(identity, nowMs));
    }
  }

  /** Notes whether the last stop was clean, and takes the mark away: it is true of that stop only. */
  async takeCleanShutdown(): Promise<void> {
    const mark = this.file(CLEAN_SHUTDOWN_FILE);
    this.cleanShutdown = (await this.fileSystem.status(mark)) !== null;
    if (this.cleanShutdown) {
      this.logger.info(`Skipping recovery for all logs in ${this.path} since clean shutdown file was found`);
      await this.fileSystem.remove(mark);
      await this.fileSystem.syncDirectory(this.path);
    } else {
      this.logger.info(`Attempting recovery for all logs in ${this.path} since no clean shutdown file was found`);
    }
    if ((await this.fileSystem.status(this.file(CLEANER_FILE))) === null)
      await this.fileSystem.writeFile(this.file(CLEANER_FILE), EMPTY);
  }

  markCleanShutdown(): Promise<void> {
    return this.fileSystem.writeFile(this.file(CLEAN_SHUTDOWN_FILE), EMPTY);
  }

  readRecoveryPoints(): Promise<Map<string, number>> {
    return this.readOffsets(RECOVERY_POINT_FILE, 'resetting the recovery checkpoint to 0');
  }

  readLogStarts(): Promise<Map<string, number>> {
    return this.readOffsets(LOG_START_FILE, 'resetting to the base offset of the first segment');
  }

  readHighWatermarks(): Promise<Map<string, number>> {
    return this.readOffsets(HIGH_WATERMARK_FILE, 'resetting the high watermarks to the start of the logs');
  }

  readCleanerOffsets(): Promise<Map<string, number>> {
    return this.readOffsets(CLEANER_FILE, 'compacting its logs from their beginning');
  }

  private async readOffsets(name: string, consequence: string): Promise<Map<string, number>> {
    const file = this.file(name);
    const content = await this.fileSystem.readFile(file);
    if (content === null) return new Map();
    try {
      return decodeOffsets(content, file);
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw error;
      this.logger.warn(`Error occurred while reading ${name} file of directory ${this.path}, ${consequence}`, { error });
      return new Map();
    }
  }

  writeRecoveryPoints(offsets: PartitionOffsets): Promise<void> {
    return this.writeOffsets(RECOVERY_POINT_FILE, offsets);
  }

  writeLogStarts(offsets: PartitionOffsets): Promise<void> {
    return this.writeOffsets(LOG_START_FILE, offsets);
  }

  writeHighWatermarks(offsets: PartitionOffsets): Promise<void> {
    return this.writeOffsets(HIGH_WATERMARK_FILE, offsets);
  }

  writeCleanerOffsets(offsets: PartitionOffsets): Promise<void> {
    return this.writeOffsets(CLEANER_FILE, offsets);
  }

  /** Replaces a checkpoint, after writes of it that are under way; one that would not change it is left out. */
  private writeOffsets(name: string, offsets: PartitionOffsets): Promise<void> {
    const content = encodeOffsets(offsets);
    const text = content.toString('latin1');
    const before = this.writing.get(name) ?? Promise.resolve();
    const write = before.then(async () => {
      if (this.lastWritten.get(name) === text) return;
      await this.fileSystem.replaceFile(this.file(name), content);
      this.lastWritten.set(name, text);
    });
    // A failed write is its caller's business; the next one begins all the same.
    this.writing.set(
      name,
      write.catch(() => undefined),
    );
    return write;
  }
}

async function readMeta(directory: string, fileSystem: FileSystem): Promise<MetaProperties | null> {
  const file = path.join(directory, META_PROPERTIES_FILE);
  const content = await fileSystem.readFile(file);
  return content === null ? null : decodeMetaProperties(content, file);
}

/**
 * What the `meta.properties` of the log directories say, before it is known who this broker is: null when there are none.
 * Throws `LogStartError` when they contradict each other. A directory that cannot be read is left out: opening the logs
 * reports it.
 */
export async function readMetaProperties(
  dirs: readonly string[],
  fileSystem: FileSystem,
  logger: Logger,
): Promise<MetaProperties | null> {
  let found: MetaProperties | null = null;
  const seen: string[] = [];
  for (const directory of dirs) {
    const absolute = path.resolve(directory);
    let meta: MetaProperties | null;
    try {
      meta = await readMeta(absolute, fileSystem);
    } catch (error) {
      if (!(error instanceof FileSystemError)) throw error;
      logger.error(`Failed to read ${path.join(absolute, META_PROPERTIES_FILE)}`, { error });
      continue;
    }
    if (meta === null) {
      logger.warn(`No meta.properties file under dir ${path.join(absolute, META_PROPERTIES_FILE)}`);
      continue;
    }
    seen.push(`- ${absolute} -> {broker.id=${meta.brokerId}, cluster.id=${meta.clusterId}, version=0}`);
    if (found !== null && (found.brokerId !== meta.brokerId || found.clusterId !== meta.clusterId)) {
      throw new LogStartError(
        'kafka.common.InconsistentBrokerMetadataException',
        'BrokerMetadata is not consistent across log.dirs. This could happen if multiple brokers shared a log directory (log.dirs) or ' +
          `partial data was manually copied from another broker. Found:\n${seen.join('\n')}\n`,
      );
    }
    found = meta;
  }
  return found;
}
