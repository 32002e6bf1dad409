/** kafka-log-dirs: which partitions the log directories of brokers hold, and how large they are, as one line of JSON. */
import type { Admin } from '../../client/admin.ts';
import { ErrorCode, exceptionName } from '../../protocol/error-codes.ts';
import { describeLogDirs } from '../../protocol/messages/35-describe-log-dirs.ts';
import { connectAdmin } from '../connect-admin.ts';
import type { ToolIo } from '../io.ts';
import { describeFailure } from '../java-exception.ts';
import { javaHashOrder } from '../java-order.ts';
import { topicPartitionHash } from '../scala-order.ts';
import { parseTool, type ToolSyntax } from '../parse-tool.ts';
import { options as specs } from './log-dirs-options.ts';

const syntax: ToolSyntax = {
  specs,
  description: 'This tool helps to query log directory usage on the specified brokers.',
  required: ['bootstrap-server', 'describe'],
};

export async function logDirs(args: readonly string[], io: ToolIo): Promise<number> {
  const options = parseTool(syntax, args, io);
  const admin = connectAdmin(options, io);
  try {
    const live = [...(await admin.liveBrokers())];
    const list = options.one('broker-list') ?? '';
    const asked = list === '' ? live : [...new Set(list.split(',').map(Number))];
    const missing = asked.filter((id) => !live.includes(id));
    if (missing.length > 0) {
      const brokers = `${missing.join(',')}. Current existent brokers: ${live.join(',')}`;
      io.out(`ERROR: The given brokers do not exist from --broker-list: ${brokers}\n`);
      return 0;
    }
    io.out('Querying brokers for log directories information\n');
    const topics = (options.one('topic-list') ?? '').split(',').filter((topic) => topic !== '');
    const brokers = await Promise.all(asked.map(async (broker) => ({ broker, logDirs: await query(admin, broker, topics) })));
    io.out(`Received log directory information from brokers ${asked.join(',')}\n`);
    io.out(`${JSON.stringify({ version: 1, brokers })}\n`);
    return 0;
  } catch (error) {
    io.err(`Exception in thread "main" java.util.concurrent.ExecutionException: ${describeFailure(error)}\n`);
    return 1;
  } finally {
    admin.close();
  }
}

/** One object per directory, its fields in the order in which Kafka's tool writes them. */
async function query(admin: Admin, broker: number, wanted: readonly string[]): Promise<object[]> {
  const { results } = await admin.call('describeLogDirs', async () => {
    const answer = await (await admin.cluster.broker(broker)).request(describeLogDirs, { topics: null });
    admin.check(answer.errorCode, null);
    return answer;
  });
  return results.map(({ errorCode, logDir, topics }) => {
    const entries = topics.flatMap(({ name, partitions }) => partitions.map((entry) => ({ topic: name, partition: entry.partitionIndex, entry })));
    const kept = javaHashOrder(entries, topicPartitionHash).filter(({ topic }) => wanted.length === 0 || wanted.includes(topic));
    const shown = javaHashOrder(kept, topicPartitionHash);
    return {
      logDir,
      error: errorCode === ErrorCode.NONE ? null : exceptionName(errorCode),
      partitions: shown.map(({ topic, partition, entry }) => ({
        partition: `${topic}-${partition}`,
        size: entry.partitionSize,
        offsetLag: entry.offsetLag,
        isFuture: entry.isFutureKey,
      })),
    };
  });
}
