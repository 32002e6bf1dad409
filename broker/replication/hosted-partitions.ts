/** The partitions that this broker has a replica of, by topic and number. */
import { ZERO_UUID } from '../protocol/schema.ts';
import type { Partition } from './partition.ts';

export class HostedPartitions {
  private readonly topics = new Map<string, (Partition | undefined)[]>();

  get(topic: string, index: number): Partition | undefined {
    return this.topics.get(topic)?.[index];
  }

  *all(): IterableIterator<Partition> {
    for (const partitions of this.topics.values())
      for (const partition of partitions) if (partition !== undefined) yield partition;
  }

  add(partition: Partition): void {
    let partitions = this.topics.get(partition.topic);
    if (partitions === undefined) this.topics.set(partition.topic, (partitions = []));
    partitions[partition.index] = partition;
  }

  remove(partition: Partition): void {
    const partitions = this.topics.get(partition.topic);
    if (partitions === undefined) return;
    partitions[partition.index] = undefined;
    if (partitions.every((other) => other === undefined)) this.topics.delete(partition.topic);
  }

  /** The topic of an id, if one of its partitions is here: known before the metadata is. */
  topicName(topicId: string): string | null {
    if (topicId === ZERO_UUID) return null;
    for (const [topic, partitions] of this.topics) {
      if (partitions.find((partition) => partition !== undefined)?.topicId === topicId) return topic;
    }
    return null;
  }
}
