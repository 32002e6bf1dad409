/** kafka-delete-records: moves the start of partitions' logs to the offsets that a JSON file names. */
import { readFileSync } from 'node:fs';
import type { Admin } from '../../client/admin.ts';
import type { PartitionOffset } from '../../client/group-admin.ts';
import { ErrorCode, errorMessage, exceptionName } from '../../protocol/error-codes.ts';
import { deleteRecords } from '../../protocol/messages/21-delete-records.ts';
import { connectAdmin } from '../connect-admin.ts';
import type { ToolIo } from '../io.ts';
import { describeFailure, JavaError } from '../java-exception.ts';
import { javaHashOrder } from '../java-order.ts';
import { topicPartitionHash } from '../scala-order.ts';
import { parseTool, type ToolSyntax } from '../parse-tool.ts';
import { options as specs } from './delete-records-options.ts';

const TIMEOUT_MS = 30_000;

const syntax: ToolSyntax = {
  specs,
  description: 'This tool helps to delete records of the given partitions down to the specified offset.',
  required: ['bootstrap-server', 'offset-json-file'],
};

export async function deleteRecordsTool(args: readonly string[], io: ToolIo): Promise<number> {
  const options = parseTool(syntax, args, io);
  const admin = connectAdmin(options, io);
  try {
    const wanted = readOffsets(options.one('offset-json-file') ?? '');
    io.out('Executing records delete operation\n');
    const outcomes = await Promise.all(wanted.map(async (entry) => ({ ...entry, shown: await truncate(admin, entry) })));
    io.out('Records delete operation completed:\n');
    for (const { topic, partition, shown } of javaHashOrder(outcomes, topicPartitionHash, outcomes.length)) {
      io.out(`partition: ${topic}-${partition}\t${shown}\n`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof JavaError)) throw error;
    io.err(`Exception in thread "main" ${describeFailure(error)}\n`);
    if (error.cause instanceof JavaError) io.err(`Caused by: ${describeFailure(error.cause)}\n`);
    return 1;
  } finally {
    admin.close();
  }
}

/** What became of a partition, as the tool shows it. */
async function truncate(admin: Admin, { topic, partition, offset }: PartitionOffset): Promise<string> {
  try {
    // Refusals are what is shown, also those that may pass: only the network is tried again.
    return await admin.call('deleteRecords', async () => {
      const topicMetadata = (await admin.cluster.refresh([topic])).topics[0]!;
      if (topicMetadata.errorCode !== ErrorCode.NONE) return shownError(topicMetadata.errorCode);
      const node = admin.cluster.brokers.get(topicMetadata.partitions.find(({ partitionIndex }) => partitionIndex === partition)?.leaderId ?? -1);
      if (node === undefined) return shownError(ErrorCode.LEADER_NOT_AVAILABLE);
      const request = { topics: [{ name: topic, partitions: [{ partitionIndex: partition, offset }] }], timeoutMs: TIMEOUT_MS };
      const answer = (await (await admin.cluster.connect(node)).request(deleteRecords, request)).topics[0]?.partitions[0];
      const errorCode = answer?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
      return errorCode === ErrorCode.NONE ? `low_watermark: ${answer!.lowWatermark}` : shownError(errorCode);
    });
  } catch (error) {
    return `error: ${describeFailure(error)}`;
  }
}

function shownError(errorCode: number): string {
  return `error: ${exceptionName(errorCode)}: ${errorMessage(errorCode)}`;
}

function readOffsets(path: string): PartitionOffset[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    const cause = new JavaError('java.nio.file.NoSuchFileException', path);
    throw new JavaError('java.io.IOException', `Unable to read file ${path}`, { cause });
  }
  const refuse = (message: string): never => {
    throw new JavaError('kafka.admin.AdminOperationException', message);
  };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse('The input string is not a valid JSON');
  }
  const { version = 1, partitions } = (json ?? {}) as { version?: unknown; partitions?: unknown };
  if (version !== 1) return refuse(`Not supported version field value ${String(version)}`);
  if (!Array.isArray(partitions)) return refuse('Missing partitions field');
  const offsets = partitions.map((entry: { topic?: unknown; partition?: unknown; offset?: unknown } | null) => {
    const { topic, partition, offset } = entry ?? {};
    if (typeof topic === 'string' && Number.isSafeInteger(partition) && Number.isSafeInteger(offset)) {
      return { topic, partition: partition as number, offset: offset as number };
    }
    return refuse(`Each partition needs a topic, a partition and an offset, but one is ${JSON.stringify(entry)}`);
  });
  const names = offsets.map(({ topic, partition }) => `${topic}-${partition}`);
  const repeated = [...new Set(names.filter((name, at) => names.indexOf(name) !== at))];
  if (repeated.length > 0) {
    const message = `Offset json file contains duplicate topic partitions: ${repeated.join(',')}`;
    throw new JavaError('kafka.common.AdminCommandFailedException', message);
  }
  return offsets;
}
