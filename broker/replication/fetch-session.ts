/**
 * Incremental fetch sessions (KIP-227): the broker remembers what a fetcher reads, so that a request names only what changed
 * and an answer only what has news.
 *
 *     (sessionId, sessionEpoch)
 *     (0, -1)   full, no session             (id, n)   the n-th incremental fetch of session id, n >= 1
 *     (0, 0)    full, please open one        (id, -1)  full, and close it
 *
 * Partitions that had records go to the end of the session's order, so that a response limit doesn't starve the others.
 * There are `max.incremental.fetch.session.cache.slots` sessions; when all are taken, a new one may replace a stale
 * one, else (after the incumbent's grace) one with fewer partitions, a follower's session counting more than a consumer's.
 *
 * Pure: the time and the source of session ids are handed in.
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { FetchRequest } from '../protocol/messages/01-fetch.ts';
import { ZERO_UUID } from '../protocol/schema.ts';
import type { FetchablePartition, FetchPartitionResult } from './fetch-types.ts';

const INITIAL_EPOCH = 0;
const FINAL_EPOCH = -1;
const NO_SESSION = 0;
/** Topic ids replaced names in this version; a session uses one or the other. */
const TOPIC_IDS_SINCE = 13;

/** After epoch 2147483647 comes 1: 0 would mean "open a session". */
export function nextSessionEpoch(epoch: number): number {
  if (epoch < 0) return FINAL_EPOCH;
  return epoch === 0x7fffffff ? 1 : epoch + 1;
}

/** A partition of a session: what the fetcher asked for last, and what we told it last. */
class SessionPartition implements FetchablePartition {
  topic: string | null;
  readonly topicId: string;
  readonly partition: number;
  fetchOffset = -1;
  partitionMaxBytes = 0;
  currentLeaderEpoch = -1;
  lastFetchedEpoch = -1;
  logStartOffset = -1;
  /** As last answered; -1 after an error, so that the partition is mentioned again when the error has gone. */
  sentHighWatermark = -1;
  sentLogStartOffset = -1;
  /** The session's order is a ring of links, because partitions move to its end all the time. */
  previous: SessionPartition = this;
  next: SessionPartition = this;

  constructor(topic: string | null, topicId: string, partition: number) {
    this.topic = topic;
    this.topicId = topicId;
    this.partition = partition;
  }

  update(request: FetchablePartition): void {
    this.fetchOffset = request.fetchOffset;
    this.partitionMaxBytes = request.partitionMaxBytes;
    this.currentLeaderEpoch = request.currentLeaderEpoch;
    this.lastFetchedEpoch = request.lastFetchedEpoch;
    this.logStartOffset = request.logStartOffset;
  }

  /** Whether the fetcher has to hear this. */
  hasNews(result: FetchPartitionResult): boolean {
    return (
      (result.records !== null && result.records.length > 0) ||
      result.highWatermark !== this.sentHighWatermark ||
      result.logStartOffset !== this.sentLogStartOffset ||
      result.errorCode !== ErrorCode.NONE ||
      result.preferredReadReplica !== -1 ||
      result.divergingEpoch.epoch !== -1
    );
  }

  /** The fetcher is told. */
  noteSent(result: FetchPartitionResult): void {
    this.sentHighWatermark = result.errorCode === ErrorCode.NONE ? result.highWatermark : -1;
    this.sentLogStartOffset = result.logStartOffset;
  }
}

class FetchSession {
  readonly id: number;
  readonly fromFollower: boolean;
  readonly usesTopicIds: boolean;
  readonly createdMs: number;
  lastUsedMs: number;
  /** The epoch of the next request. */
  epoch = nextSessionEpoch(INITIAL_EPOCH);
  partitionCount = 0;
  private readonly byTopic = new Map<string, Map<number, SessionPartition>>();
  /** Start and end of the ring; not a partition itself. */
  private readonly ring = new SessionPartition(null, ZERO_UUID, -1);

  constructor(id: number, fromFollower: boolean, usesTopicIds: boolean, nowMs: number) {
    this.id = id;
    this.fromFollower = fromFollower;
    this.usesTopicIds = usesTopicIds;
    this.createdMs = nowMs;
    this.lastUsedMs = nowMs;
  }

  /** Adds or updates a partition. Returns it. */
  put(request: FetchablePartition): SessionPartition {
    const key = this.usesTopicIds ? request.topicId : request.topic!;
    let partitions = this.byTopic.get(key);
    if (partitions === undefined) this.byTopic.set(key, (partitions = new Map()));
    let partition = partitions.get(request.partition);
    if (partition === undefined) {
      partition = new SessionPartition(request.topic, request.topicId, request.partition);
      partitions.set(request.partition, partition);
      this.partitionCount += 1;
      this.moveToEnd(partition);
    }
    partition.update(request);
    return partition;
  }

  forget(topicKey: string, index: number): void {
    const partitions = this.byTopic.get(topicKey);
    const partition = partitions?.get(index);
    if (partitions === undefined || partition === undefined) return;
    partitions.delete(index);
    if (partitions.size === 0) this.byTopic.delete(topicKey);
    partition.previous.next = partition.next;
    partition.next.previous = partition.previous;
    this.partitionCount -= 1;
  }

  moveToEnd(partition: SessionPartition): void {
    partition.previous.next = partition.next;
    partition.next.previous = partition.previous;
    partition.previous = this.ring.previous;
    partition.next = this.ring;
    this.ring.previous.next = partition;
    this.ring.previous = partition;
  }

  /** In the session's order. Names are resolved again for topic ids that were unknown when they were added. */
  partitions(topicName: (topicId: string) => string | null): SessionPartition[] {
    const list: SessionPartition[] = [];
    for (let partition = this.ring.next; partition !== this.ring; partition = partition.next) {
      if (partition.topic === null && this.usesTopicIds) partition.topic = topicName(partition.topicId);
      list.push(partition);
    }
    return list;
  }
}

/** What to answer, in the order of the partitions; `results` left out have no news. */
export interface SessionAnswer {
  readonly errorCode: number;
  readonly sessionId: number;
  readonly partitions: readonly FetchablePartition[];
  readonly results: readonly FetchPartitionResult[];
}

const NOTHING: readonly never[] = [];

/** One fetch request as its session sees it: what to read, then, with the results, what to say. */
export interface FetchContext {
  /** Not NONE: the request is refused as a whole, there is nothing to read. */
  readonly errorCode: number;
  readonly partitions: readonly FetchablePartition[];
  /** `results[i]` belongs to `partitions[i]`. To be called once. */
  answer(results: readonly FetchPartitionResult[], nowMs: number): SessionAnswer;
  /** What `answer` would tell, while nothing is told yet; the session id may be another one. */
  preview(results: readonly FetchPartitionResult[]): SessionAnswer;
  /** Instead of `answer`: nothing, for a client that has to wait and ask again. */
  answerNothing(): SessionAnswer;
}

const SESSIONLESS_NOTHING: SessionAnswer = {
  errorCode: ErrorCode.NONE,
  sessionId: NO_SESSION,
  partitions: NOTHING,
  results: NOTHING,
};

class RefusedContext implements FetchContext {
  readonly errorCode: number;
  readonly partitions = NOTHING;
  constructor(errorCode: number) {
    this.errorCode = errorCode;
  }
  answer(): SessionAnswer {
    return { errorCode: this.errorCode, sessionId: NO_SESSION, partitions: NOTHING, results: NOTHING };
  }
  preview(): SessionAnswer {
    return this.answer();
  }
  answerNothing(): SessionAnswer {
    return SESSIONLESS_NOTHING;
  }
}

class SessionlessContext implements FetchContext {
  readonly errorCode = ErrorCode.NONE;
  readonly partitions: readonly FetchablePartition[];
  constructor(partitions: readonly FetchablePartition[]) {
    this.partitions = partitions;
  }
  answer(results: readonly FetchPartitionResult[]): SessionAnswer {
    return { errorCode: ErrorCode.NONE, sessionId: NO_SESSION, partitions: this.partitions, results };
  }
  preview(results: readonly FetchPartitionResult[]): SessionAnswer {
    return this.answer(results);
  }
  answerNothing(): SessionAnswer {
    return SESSIONLESS_NOTHING;
  }
}

class FullContext implements FetchContext {
  readonly errorCode = ErrorCode.NONE;
  readonly partitions: readonly FetchablePartition[];
  private readonly cache: FetchSessionCache;
  private readonly fromFollower: boolean;
  private readonly usesTopicIds: boolean;
  constructor(
    cache: FetchSessionCache,
    partitions: readonly FetchablePartition[],
    fromFollower: boolean,
    usesTopicIds: boolean,
  ) {
    this.cache = cache;
    this.partitions = partitions;
    this.fromFollower = fromFollower;
    this.usesTopicIds = usesTopicIds;
  }
  answer(results: readonly FetchPartitionResult[], nowMs: number): SessionAnswer {
    const session = this.cache.create(this.partitions.length, this.fromFollower, this.usesTopicIds, nowMs);
    if (session !== null) {
      for (let i = 0; i < this.partitions.length; i += 1) session.put(this.partitions[i]!).noteSent(results[i]!);
    }
    return { errorCode: ErrorCode.NONE, sessionId: session?.id ?? NO_SESSION, partitions: this.partitions, results };
  }
  preview(results: readonly FetchPartitionResult[]): SessionAnswer {
    return { errorCode: ErrorCode.NONE, sessionId: NO_SESSION, partitions: this.partitions, results };
  }
  answerNothing(): SessionAnswer {
    return SESSIONLESS_NOTHING;
  }
}

class IncrementalContext implements FetchContext {
  readonly errorCode = ErrorCode.NONE;
  readonly partitions: readonly SessionPartition[];
  private readonly session: FetchSession;
  private readonly epochAfter: number;
  constructor(session: FetchSession, partitions: readonly SessionPartition[]) {
    this.session = session;
    this.partitions = partitions;
    this.epochAfter = session.epoch;
  }
  answer(results: readonly FetchPartitionResult[]): SessionAnswer {
    const news = this.preview(results);
    for (let i = 0; i < news.results.length; i += 1) {
      const partition = news.partitions[i] as SessionPartition;
      const result = news.results[i]!;
      partition.noteSent(result);
      if (result.records !== null && result.records.length > 0) this.session.moveToEnd(partition);
    }
    return news;
  }
  preview(results: readonly FetchPartitionResult[]): SessionAnswer {
    const nothing = this.answerNothing();
    if (nothing.errorCode !== ErrorCode.NONE) return nothing;
    const partitions: SessionPartition[] = [];
    const newsResults: FetchPartitionResult[] = [];
    for (let i = 0; i < this.partitions.length; i += 1) {
      const partition = this.partitions[i]!;
      const result = results[i]!;
      if (!partition.hasNews(result)) continue;
      partitions.push(partition);
      newsResults.push(result);
    }
    return { ...nothing, partitions, results: newsResults };
  }
  answerNothing(): SessionAnswer {
    // Another connection may have gone on with this session while we waited: two answers of one epoch would be one too many.
    const isCurrent = this.session.epoch === this.epochAfter;
    return {
      errorCode: isCurrent ? ErrorCode.NONE : ErrorCode.INVALID_FETCH_SESSION_EPOCH,
      sessionId: this.session.id,
      partitions: NOTHING,
      results: NOTHING,
    };
  }
}

export interface FetchSessionCacheOptions {
  /** `max.incremental.fetch.session.cache.slots`. */
  readonly slots: number;
  /**
   * Sessions unused for this long may be replaced by anyone; younger ones have this long before larger ones may replace
   * them.
   */
  readonly evictionMs: number;
  /** A random integer from 1 to 2147483646. */
  readonly randomSessionId: () => number;
}

export class FetchSessionCache {
  private readonly options: FetchSessionCacheOptions;
  /** In the order of last use: the first is the one unused for the longest. */
  private readonly sessions = new Map<number, FetchSession>();

  constructor(options: FetchSessionCacheOptions) {
    this.options = options;
  }

  get size(): number {
    return this.sessions.size;
  }

  /** Of all sessions together. */
  get partitionCount(): number {
    let count = 0;
    for (const session of this.sessions.values()) count += session.partitionCount;
    return count;
  }

  /** Takes a request in. `topicName` knows topic ids' names, or gives null. */
  open(
    request: FetchRequest,
    apiVersion: number,
    topicName: (topicId: string) => string | null,
    nowMs: number,
  ): FetchContext {
    const usesTopicIds = apiVersion >= TOPIC_IDS_SINCE;
    const fromFollower = request.replicaId >= 0;
    const { sessionId, sessionEpoch } = request;
    if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === FINAL_EPOCH) {
      if (sessionId !== NO_SESSION) this.sessions.delete(sessionId);
      const partitions = requestedPartitions(request, usesTopicIds, topicName);
      return sessionEpoch === FINAL_EPOCH
        ? new SessionlessContext(partitions)
        : new FullContext(this, partitions, fromFollower, usesTopicIds);
    }
    const session = this.sessions.get(sessionId);
    if (session === undefined) return new RefusedContext(ErrorCode.FETCH_SESSION_ID_NOT_FOUND);
    if (session.epoch !== sessionEpoch) return new RefusedContext(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
    if (session.usesTopicIds !== usesTopicIds) return new RefusedContext(ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR);
    for (const partition of requestedPartitions(request, usesTopicIds, topicName)) session.put(partition);
    for (const { topic, topicId, partitions } of request.forgottenTopicsData) {
      for (const index of partitions) session.forget(usesTopicIds ? topicId : topic, index);
    }
    if (session.partitionCount === 0) {
      this.sessions.delete(sessionId);
      return new SessionlessContext(NOTHING);
    }
    session.lastUsedMs = nowMs;
    this.sessions.delete(sessionId);
    this.sessions.set(sessionId, session);
    session.epoch = nextSessionEpoch(session.epoch);
    return new IncrementalContext(session, session.partitions(topicName));
  }

  /** A new session, or null when there is no slot for it. */
  create(partitionCount: number, fromFollower: boolean, usesTopicIds: boolean, nowMs: number): FetchSession | null {
    if (this.sessions.size >= this.options.slots && !this.evictFor(partitionCount, fromFollower, nowMs)) return null;
    let id = this.options.randomSessionId();
    while (this.sessions.has(id)) id = this.options.randomSessionId();
    const session = new FetchSession(id, fromFollower, usesTopicIds, nowMs);
    this.sessions.set(id, session);
    return session;
  }

  private evictFor(partitionCount: number, fromFollower: boolean, nowMs: number): boolean {
    const oldest = this.sessions.values().next();
    if (oldest.done === true) return false;
    if (nowMs - oldest.value.lastUsedMs > this.options.evictionMs) return this.sessions.delete(oldest.value.id);
    // Followers may replace any consumer's session at once and a follower's after its grace; consumers only after it.
    let least: FetchSession | null = null;
    for (const session of this.sessions.values()) {
      const graceOver = session.lastUsedMs - session.createdMs > this.options.evictionMs;
      if (!graceOver && !(fromFollower && !session.fromFollower)) continue;
      if (least === null || compareWorth(session, least.fromFollower, least.partitionCount) < 0) least = session;
    }
    if (least === null || compareWorth(least, fromFollower, partitionCount) >= 0) return false;
    return this.sessions.delete(least.id);
  }
}

/** Negative when `session` is worth less than one like that. */
function compareWorth(session: FetchSession, fromFollower: boolean, partitionCount: number): number {
  if (session.fromFollower !== fromFollower) return session.fromFollower ? 1 : -1;
  return session.partitionCount - partitionCount;
}

function requestedPartitions(
  request: FetchRequest,
  usesTopicIds: boolean,
  topicName: (topicId: string) => string | null,
): FetchablePartition[] {
  const list: FetchablePartition[] = [];
  for (const topic of request.topics) {
    const name = usesTopicIds ? topicName(topic.topicId) : topic.topic;
    for (const partition of topic.partitions) {
      list.push({
        topic: name,
        topicId: usesTopicIds ? topic.topicId : ZERO_UUID,
        partition: partition.partition,
        fetchOffset: partition.fetchOffset,
        partitionMaxBytes: partition.partitionMaxBytes,
        currentLeaderEpoch: partition.currentLeaderEpoch,
        lastFetchedEpoch: partition.lastFetchedEpoch,
        logStartOffset: partition.logStartOffset,
      });
    }
  }
  return list;
}
