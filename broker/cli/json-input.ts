/** JSON files that tools are given: what they say, or the refusal of Kafka's tools. */
import { readFileSync } from 'node:fs';
import { JavaError } from './java-exception.ts';

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** The file's text. */
export function readTextFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new JavaError('java.io.IOException', `Unable to read file ${path}`, { cause });
  }
}

/** A JSON object; `what` names it in the refusal. */
export function parseObject(text: string, what: string): Readonly<Record<string, unknown>> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new JavaError('kafka.admin.AdminOperationException', `${what}: The input string is not a valid JSON`, { cause });
  }
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as Readonly<Record<string, unknown>>;
  throw new JavaError('kafka.admin.AdminOperationException', `${what} is no JSON object`);
}

export function isPartition(value: unknown): value is TopicPartition & Readonly<Record<string, unknown>> {
  const { topic, partition } = (value ?? {}) as Partial<Record<string, unknown>>;
  return typeof topic === 'string' && Number.isSafeInteger(partition);
}

export function partitionName({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}

/** By topic, then by number. */
export function comparePartitions(a: TopicPartition, b: TopicPartition): number {
  return a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1;
}

/** What stands there more than once. */
export function duplicatesOf<T>(values: readonly T[]): T[] {
  return [...new Set(values.filter((value, at) => values.indexOf(value) !== at))];
}
