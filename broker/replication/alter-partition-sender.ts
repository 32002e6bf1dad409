/**
 * Asks the controller for other ISRs (AlterPartition, KIP-497): what leaders propose while a request is on its way is the
 * next request, one at a time. A request that got no answer, or went to a broker that is not the controller, is made again
 * until it is answered; a proposal that its partition does not want any more is left out.
 */
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Scheduler } from '../log/scheduler.ts';
import { ErrorCode, errorName } from '../protocol/error-codes.ts';
import type { AlterPartitionRequest, AlterPartitionResponse } from '../protocol/messages/56-alter-partition.ts';
import { ZERO_UUID } from '../protocol/schema.ts';
import type { Partition } from './partition.ts';
import type { IsrProposal } from './partition-leader.ts';

export interface AlterPartitionSenderOptions {
  readonly brokerId: number;
  readonly brokerEpoch: () => number;
  /** Sends to whoever is the controller; rejects when there is none, or no answer. */
  readonly send: (request: AlterPartitionRequest, versionMax: number) => Promise<AlterPartitionResponse>;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
}

interface Item {
  readonly partition: Partition;
  readonly proposal: IsrProposal;
}

type PartitionAnswer = AlterPartitionResponse['topics'][number]['partitions'][number];

/** Pause before a request is made again. */
const RETRY_MS = 50;
/** Topic ids came with version 2. */
const VERSION_BY_NAME = 1;
const VERSION_BY_ID = 2;
/** Partitions of one request: bounds its size, whatever has failed. */
const BATCH_MAX = 10_000;

export class AlterPartitionSender {
  private readonly options: AlterPartitionSenderOptions;
  /** By partition: at most one proposal of each is under way. */
  private waiting = new Map<Partition, Item>();
  private busy = false;
  private closed = false;

  constructor(options: AlterPartitionSenderOptions) {
    this.options = options;
  }

  submit(partition: Partition, proposal: IsrProposal): void {
    this.waiting.set(partition, { partition, proposal });
    this.sendSoon();
  }

  close(): void {
    this.closed = true;
    this.waiting.clear();
  }

  /** At the end of the turn: the partitions of one fetch, or of one look at laggards, go together. */
  private sendSoon(): void {
    if (this.busy || this.closed) return;
    this.busy = true;
    this.options.scheduler.soon(() => void this.sendAll());
  }

  private async sendAll(): Promise<void> {
    while (!this.closed && this.waiting.size > 0) {
      const items = this.takeBatch();
      if (items.length === 0) continue;
      const retried = await this.sendBatch(items);
      if (retried.length === 0) continue;
      // A newer proposal of the same partition has taken the place of the old one.
      for (const item of retried) if (!this.waiting.has(item.partition)) this.waiting.set(item.partition, item);
      await new Promise<void>((resolve) => this.options.scheduler.after(RETRY_MS, resolve));
    }
    this.busy = false;
  }

  private takeBatch(): Item[] {
    const items: Item[] = [];
    for (const [partition, item] of this.waiting) {
      if (items.length === BATCH_MAX) break;
      this.waiting.delete(partition);
      if (partition.wants(item.proposal)) items.push(item);
    }
    return items;
  }

  /** Returns what is to be sent again. */
  private async sendBatch(items: readonly Item[]): Promise<readonly Item[]> {
    const { send, logger } = this.options;
    const byId = items.every(({ partition }) => partition.topicId !== ZERO_UUID);
    try {
      const response = await send(this.request(items), byId ? VERSION_BY_ID : VERSION_BY_NAME);
      if (response.errorCode !== ErrorCode.NONE) {
        logger.warn(`The controller refused an AlterPartition request: ${errorName(response.errorCode)}`);
        return items;
      }
      return this.settle(items, response);
    } catch (error) {
      logger.debug('An AlterPartition request got no answer: trying again', { error });
      return items;
    }
  }

  private request(items: readonly Item[]): AlterPartitionRequest {
    const topics = new Map<string, AlterPartitionRequest['topics'][number]>();
    for (const { partition, proposal } of items) {
      const { topic, topicId, index } = partition;
      let entry = topics.get(topic);
      if (entry === undefined) topics.set(topic, (entry = { topicName: topic, topicId, partitions: [] }));
      entry.partitions.push({
        partitionIndex: index,
        leaderEpoch: proposal.leaderEpoch,
        newIsr: [...proposal.isr],
        leaderRecoveryState: 0,
        partitionEpoch: proposal.partitionEpoch,
      });
    }
    const { brokerId, brokerEpoch } = this.options;
    return { brokerId, brokerEpoch: brokerEpoch(), topics: [...topics.values()] };
  }

  private settle(items: readonly Item[], response: AlterPartitionResponse): Item[] {
    const answers = new Map<string, PartitionAnswer>();
    for (const { topicName, topicId, partitions } of response.topics) {
      for (const answer of partitions) {
        answers.set(`${topicName === '' ? topicId : topicName} ${answer.partitionIndex}`, answer);
      }
    }
    const retried: Item[] = [];
    for (const item of items) {
      const { partition, proposal } = item;
      const { topic, topicId, index } = partition;
      const answer = answers.get(`${topic} ${index}`) ?? answers.get(`${topicId} ${index}`);
      if (answer === undefined) {
        retried.push(item); // an answer that leaves it out says nothing about it
        continue;
      }
      const name = `${topic}-${index}`;
      if (answer.errorCode === ErrorCode.NONE) {
        this.options.logger.info(
          `ISR of ${name} updated to ${answer.isr.join(',')} and version updated to ${answer.partitionEpoch}`,
        );
      } else {
        this.options.logger.info(
          `ISR of ${name} was not updated to ${proposal.isr.join(',')}: ${errorName(answer.errorCode)}`,
        );
      }
      if (partition.isrAnswered(proposal, answer)) retried.push(item);
    }
    return retried;
  }
}
