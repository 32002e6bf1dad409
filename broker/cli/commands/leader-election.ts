/** kafka-leader-election: gives partitions to their preferred leaders, or to whoever is left where nobody in sync is. */
import type { Admin } from '../../client/admin.ts';
import { KafkaError, TimeoutError } from '../../client/errors.ts';
import { ErrorCode, errorMessage, exceptionName } from '../../protocol/error-codes.ts';
import { electLeaders } from '../../protocol/messages/43-elect-leaders.ts';
import { connectAdmin } from '../connect-admin.ts';
import { uncaughtExit, type ToolIo } from '../io.ts';
import { describeFailure, JavaError } from '../java-exception.ts';
import { duplicatesOf, isPartition, parseObject, partitionName, readTextFile, type TopicPartition } from '../json-input.ts';
import type { Options } from '../options.ts';
import { parseTool, type ToolSyntax } from '../parse-tool.ts';
import { options as specs } from './leader-election-options.ts';

const COMMAND_FAILED = 'kafka.common.AdminCommandFailedException';
const OPERATION_FAILED = 'kafka.admin.AdminOperationException';
const TIMEOUT_MS = 30_000;
const ELECTION_TYPES = ['PREFERRED', 'UNCLEAN'] as const;
const WAYS = ['topic', 'all-topic-partitions', 'path-to-json-file'] as const;

interface Outcome extends TopicPartition {
  readonly errorCode: number;
  readonly message: string | null;
}

const syntax: ToolSyntax = {
  specs,
  description:
    'This tool attempts to elect a new leader for a set of topic partitions. The type of elections supported are preferred ' +
    'replicas and unclean replicas.',
};

export async function leaderElection(args: readonly string[], io: ToolIo): Promise<number> {
  const options = parseTool(syntax, args, io);
  try {
    validate(options);
    const type = (options.one('election-type') ?? '').toUpperCase();
    const wanted = partitionsOf(options);
    const admin = connectAdmin(options.renamed('admin.config', 'command-config'), io, TIMEOUT_MS);
    try {
      tell(await elect(admin, ELECTION_TYPES.indexOf(type as 'PREFERRED'), wanted, io), type, io);
      return 0;
    } finally {
      admin.close();
    }
  } catch (error) {
    if (!(error instanceof JavaError)) throw error;
    return uncaughtExit(io, error.exception, error.message, error.cause instanceof JavaError ? describeFailure(error.cause) : undefined);
  }
}

function validate(options: Options): void {
  const refuse = (message: string): never => {
    throw new JavaError(COMMAND_FAILED, message);
  };
  const missing = ['bootstrap-server', 'election-type'].filter((name) => !options.has(name));
  if (missing.length > 0) refuse(`Missing required option(s): ${missing.join(', ')}`);
  if (WAYS.filter((name) => options.has(name)).length !== 1) {
    refuse(`One and only one of the following options is required: ${WAYS.join(', ')}`);
  }
  if (options.has('topic') && !options.has('partition')) refuse('Missing required option(s): partition');
  if (!options.has('topic') && options.has('partition')) refuse('Option partition is only allowed if topic is used');
  const type = options.one('election-type') ?? '';
  if (!ELECTION_TYPES.some((known) => known === type.toUpperCase())) {
    const message = `Cannot parse argument '${type}' of option election-type`;
    throw new JavaError('joptsimple.OptionArgumentConversionException', message, {
      cause: new JavaError('joptsimple.ValueConversionException', `Value [${type}] is not one of [PREFERRED,UNCLEAN]`),
    });
  }
}

/** The partitions to elect leaders for; null: all. */
function partitionsOf(options: Options): TopicPartition[] | null {
  const file = options.one('path-to-json-file');
  if (file !== null) return readPartitions(readTextFile(file));
  const topic = options.one('topic');
  return topic === null ? null : [{ topic, partition: options.number('partition') ?? 0 }];
}

function readPartitions(text: string): TopicPartition[] {
  const { partitions } = parseObject(text, 'Replica election data');
  if (!Array.isArray(partitions)) throw new JavaError(OPERATION_FAILED, 'Replica election data is missing "partitions" field');
  const list = partitions.map((entry: unknown) => {
    if (isPartition(entry)) return entry;
    throw new JavaError(OPERATION_FAILED, `Replica election data needs a topic and a partition, but one is ${JSON.stringify(entry)}`);
  });
  const repeated = duplicatesOf(list.map(partitionName));
  if (repeated.length > 0) {
    throw new JavaError(OPERATION_FAILED, `Replica election data contains duplicate partitions: ${repeated.join(',')}`);
  }
  return list;
}

async function elect(admin: Admin, electionType: number, wanted: readonly TopicPartition[] | null, io: ToolIo): Promise<Outcome[]> {
  const topics = new Map<string, number[]>();
  for (const { topic, partition } of wanted ?? []) topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  const topicPartitions = wanted === null ? null : [...topics].map(([topic, partitions]) => ({ topic, partitions }));
  try {
    const { replicaElectionResults } = await admin.call('electLeaders', async () => {
      const answer = await admin.toController(electLeaders, { electionType, topicPartitions, timeoutMs: TIMEOUT_MS });
      admin.check(answer.errorCode, null);
      return answer;
    });
    return replicaElectionResults.flatMap(({ topic, partitionResult }) =>
      partitionResult.map(({ partitionId, errorCode, errorMessage: message }) => ({ topic, partition: partitionId, errorCode, message })),
    );
  } catch (cause) {
    const message =
      cause instanceof TimeoutError
        ? 'Timeout waiting for election results'
        : cause instanceof KafkaError && cause.code === ErrorCode.CLUSTER_AUTHORIZATION_FAILED
          ? 'Not authorized to perform leader election'
          : null;
    if (message === null) throw new JavaError('java.lang.RuntimeException', describeFailure(cause), { cause });
    io.out(`${message}\n`);
    throw new JavaError(COMMAND_FAILED, message, { cause });
  }
}

function tell(outcomes: readonly Outcome[], type: string, io: ToolIo): void {
  const elected = outcomes.filter(({ errorCode }) => errorCode === ErrorCode.NONE);
  const needless = outcomes.filter(({ errorCode }) => errorCode === ErrorCode.ELECTION_NOT_NEEDED);
  const failed = outcomes.filter((outcome) => !elected.includes(outcome) && !needless.includes(outcome));
  const names = (list: readonly Outcome[]): string => list.map(partitionName).join(', ');
  if (elected.length > 0) io.out(`Successfully completed leader election (${type}) for partitions ${names(elected)}\n`);
  if (needless.length > 0) io.out(`Valid replica already elected for partitions ${names(needless)}\n`);
  for (const outcome of failed) {
    const reason = `${exceptionName(outcome.errorCode)}: ${outcome.message ?? errorMessage(outcome.errorCode)}`;
    io.out(`Error completing leader election (${type}) for partition: ${partitionName(outcome)}: ${reason}\n`);
  }
  if (failed.length > 0) throw new JavaError(COMMAND_FAILED, `${failed.length} replica(s) could not be elected`);
}
