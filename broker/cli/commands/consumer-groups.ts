/**
 * kafka-consumer-groups: lists, describes, resets and deletes consumer groups. As in Kafka, what goes wrong at run time is
 * told and the tool still ends with 0; only wrong options end it with 1.
 */
import type { Admin } from '../../client/admin.ts';
import { GroupAdmin, type GroupDescription, type TopicPartition } from '../../client/group-admin.ts';
import { KafkaError } from '../../client/errors.ts';
import { ErrorCode, errorMessage, exceptionName } from '../../protocol/error-codes.ts';
import { connectAdmin } from '../connect-admin.ts';
import { ToolExit, usageExit, type ToolIo } from '../io.ts';
import { describeFailure, JavaError, messageOf } from '../java-exception.ts';
import { javaHashOrder } from '../java-order.ts';
import { OptionError, type Options } from '../options.ts';
import { parseLine } from '../parse-tool.ts';
import { scalaMapOrder, topicPartitionHash } from '../scala-order.ts';
import { checkOptions, type Action } from './consumer-groups-check.ts';
import { options as specs } from './consumer-groups-options.ts';
import { endOffsets, partitionsOf } from './group-offsets.ts';
import { resetOffsets } from './reset-offsets.ts';

const NOTHING = '-';
const STATES = ['PreparingRebalance', 'CompletingRebalance', 'Stable', 'Dead', 'Empty'];

/** What the actions work with. */
export interface GroupTool {
  readonly admin: Admin;
  readonly groups: GroupAdmin;
  readonly options: Options;
  readonly io: ToolIo;
}

export async function consumerGroups(args: readonly string[], io: ToolIo): Promise<number> {
  const options = parseLine({ specs }, args, io);
  let action: Action;
  let timeoutMs: number;
  try {
    action = checkOptions(options, io);
    timeoutMs = options.number('timeout') ?? 0;
  } catch (error) {
    if (error instanceof OptionError) usageExit(io, specs, error.message);
    throw error;
  }
  const admin = connectAdmin(options, io, timeoutMs);
  try {
    await run[action]({ admin, groups: new GroupAdmin(admin), options, io });
  } catch (error) {
    if (error instanceof ToolExit) throw error;
    if (error instanceof OptionError) usageExit(io, specs, error.message);
    if (error instanceof JavaError && error.exception === 'java.lang.IllegalArgumentException') {
      usageExit(io, specs, error.message);
    }
    const failure = describeFailure(error);
    // What a call to the cluster failed with reaches the tool wrapped in an ExecutionException.
    const wrapped = !(error instanceof JavaError);
    io.out(`\nError: Executing consumer group command failed due to ${wrapped ? failure : messageOf(error)}\n`);
    io.err(wrapped ? `java.util.concurrent.ExecutionException: ${failure}\nCaused by: ${failure}\n` : `${failure}\n`);
  } finally {
    admin.close();
  }
  return 0;
}

const run: Readonly<Record<Action, (tool: GroupTool) => Promise<void>>> = {
  list,
  describe,
  delete: remove,
  'reset-offsets': resetOffsets,
  'delete-offsets': removeOffsets,
};

async function list({ groups, options, io }: GroupTool): Promise<void> {
  if (!options.has('state')) {
    for (const { groupId } of await listed(groups)) io.out(`${groupId}\n`);
    return;
  }
  const found = await listed(groups, parseStates(options.one('state') ?? ''));
  const width = Math.max(15, ...found.map(({ groupId }) => groupId.length));
  io.out(`${'GROUP'.padEnd(width)} STATE\n`);
  for (const { groupId, state } of found) io.out(`${groupId.padEnd(width)} ${state}\n`);
}

async function listed(groups: GroupAdmin, states: readonly string[] = []): Promise<{ groupId: string; state: string }[]> {
  return javaHashOrder(await groups.list(states), ({ groupId }) => groupId);
}

function parseStates(text: string): string[] {
  if (text === '') return [];
  const states = text.split(',').map((state) => state.trim());
  if (states.some((state) => !STATES.includes(state))) {
    const message = `Invalid state list '${text}'. Valid states are: ${STATES.join(', ')}`;
    throw new JavaError('java.lang.IllegalArgumentException', message);
  }
  return states;
}

/** Groups that `--group` or `--all-groups` name. */
export async function chosenGroups({ groups, options }: GroupTool): Promise<readonly string[]> {
  if (options.has('all-groups')) return (await listed(groups)).map(({ groupId }) => groupId);
  return [...new Set(options.all('group'))];
}

async function describe(tool: GroupTool): Promise<void> {
  const names = await chosenGroups(tool);
  const found = await Promise.all(names.map((name) => tool.groups.describe(name)));
  found.sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
  if (tool.options.has('members')) for (const group of found) printMembers(tool, group);
  else if (tool.options.has('state')) for (const group of found) printState(tool, group);
  else {
    const rows = await Promise.all(found.map((group) => offsetRows(tool, group)));
    for (const [at, group] of found.entries()) printOffsets(tool, group, rows[at]!);
  }
}

/** Says what is to be said about the group's state; whether there is anything to print about it. */
function announce({ io }: GroupTool, { groupId, state }: GroupDescription): boolean {
  switch (state) {
    case 'Dead':
      io.out(`\nError: Consumer group '${groupId}' does not exist.\n`);
      return false;
    case 'Empty':
      io.err(`\nConsumer group '${groupId}' has no active members.\n`);
      return true;
    case 'PreparingRebalance':
    case 'CompletingRebalance':
      io.err(`\nWarning: Consumer group '${groupId}' is rebalancing.\n`);
      return true;
    default:
      return true;
  }
}

/** Columns padded to the widths given; the last ones beyond are free. A blank line stands before the table. */
function table(rows: readonly (readonly (string | number)[])[], widths: readonly number[]): string {
  const line = (row: readonly (string | number)[]): string =>
    row.map((cell, at) => String(cell).padEnd(widths[at] ?? 0)).join(' ');
  return `\n${rows.map((row) => `${line(row)}\n`).join('')}`;
}

function widest(rows: readonly (readonly (string | number)[])[], column: number, least = 15): number {
  return Math.max(least, ...rows.slice(1).map((row) => String(row[column]).length));
}

type OffsetRow = readonly (string | number)[];

async function offsetRows({ admin, groups }: GroupTool, group: GroupDescription): Promise<OffsetRow[]> {
  const offsets = javaHashOrder(await groups.committed(group.groupId), topicPartitionHash);
  const key = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`;
  const committed = new Map(offsets.map((entry) => [key(entry), entry.offset]));
  const rowsOf = async (owned: readonly TopicPartition[], tail: readonly string[]): Promise<OffsetRow[]> => {
    const sorted = [...owned].sort((a, b) => a.partition - b.partition);
    const ends = await endOffsets(admin, sorted);
    return scalaMapOrder(sorted, topicPartitionHash).map((entry) => {
      const offset = committed.get(key(entry));
      const end = ends.get(key(entry)) ?? NOTHING;
      const lag = offset === undefined || typeof end === 'string' ? NOTHING : end - offset;
      return [group.groupId, entry.topic, entry.partition, offset ?? NOTHING, end, lag, ...tail];
    });
  };
  const rows: OffsetRow[] = [];
  const assigned = new Set<string>();
  const busyFirst = [...group.members]
    .filter(({ assignment }) => assignment.length > 0)
    .sort((a, b) => b.assignment.length - a.assignment.length);
  for (const { memberId, host, clientId, assignment } of busyFirst) {
    for (const entry of assignment) assigned.add(key(entry));
    rows.push(...(await rowsOf(javaHashOrder(assignment, topicPartitionHash), [memberId, host, clientId])));
  }
  const free = offsets.filter((entry) => !assigned.has(key(entry)));
  rows.push(...(await rowsOf(free, [NOTHING, NOTHING, NOTHING])));
  return rows;
}

function printOffsets(tool: GroupTool, group: GroupDescription, rows: readonly OffsetRow[]): void {
  if (!announce(tool, group) || rows.length === 0) return;
  const head = ['GROUP', 'TOPIC', 'PARTITION', 'CURRENT-OFFSET', 'LOG-END-OFFSET', 'LAG', 'CONSUMER-ID', 'HOST', 'CLIENT-ID'];
  const all = [head, ...rows];
  tool.io.out(table(all, [widest(all, 0), widest(all, 1), 10, 15, 15, 15, widest(all, 6), widest(all, 7)]));
}

function printMembers(tool: GroupTool, group: GroupDescription): void {
  if (!announce(tool, group) || group.members.length === 0) return;
  const { options, io } = tool;
  const hasInstances = group.members.some(({ groupInstanceId }) => groupInstanceId !== null && groupInstanceId !== '');
  const verbose = options.has('verbose');
  const instance = (text: string): string[] => (hasInstances ? [text] : []);
  const rows = [
    ['GROUP', 'CONSUMER-ID', ...instance('GROUP-INSTANCE-ID'), 'HOST', 'CLIENT-ID', '#PARTITIONS', verbose ? 'ASSIGNMENT' : ''],
    ...group.members.map(({ memberId, groupInstanceId, host, clientId, assignment }) => [
      group.groupId,
      memberId,
      ...instance(groupInstanceId ?? ''),
      host,
      clientId,
      assignment.length,
      verbose ? shownAssignment(assignment) : '',
    ]),
  ];
  const widths = rows[0]!.slice(0, -2).map((name, column) => widest(rows, column, name === 'GROUP-INSTANCE-ID' ? 17 : 15));
  io.out(table(rows, [...widths, 15]));
}

/** `t(0,1), u(2)`. */
function shownAssignment(assignment: readonly TopicPartition[]): string {
  const byTopic = new Map<string, number[]>();
  for (const { topic, partition } of assignment) byTopic.set(topic, [...(byTopic.get(topic) ?? []), partition]);
  const shown = [...byTopic].map(([topic, partitions]) => `${topic}(${partitions.sort((a, b) => a - b).join(',')})`);
  return shown.length === 0 ? NOTHING : shown.sort().join(', ');
}

function printState(tool: GroupTool, group: GroupDescription): void {
  if (!announce(tool, group)) return;
  const { host, port, id } = group.coordinator;
  const coordinator = `${host}:${port} (${id})`;
  const rows = [
    ['GROUP', 'COORDINATOR (ID)', 'ASSIGNMENT-STRATEGY', 'STATE', '#MEMBERS'],
    [group.groupId, coordinator, group.assignor, group.state, group.members.length],
  ];
  // As in Kafka, it is the group's column that grows with the coordinator's name.
  tool.io.out(table(rows, [Math.max(25, coordinator.length), 25, 20, 15]));
}

async function remove(tool: GroupTool): Promise<void> {
  const { groups, io } = tool;
  const names = javaHashOrder(await chosenGroups(tool), (name) => name);
  const outcomes = await Promise.all(names.map(async (name) => ({ name, error: await deletionError(groups, name) })));
  const failed = outcomes.filter(({ error }) => error !== null);
  const gone = `'${outcomes
    .filter(({ error }) => error === null)
    .map(({ name }) => name)
    .join("', '")}'`;
  if (failed.length === 0) {
    io.out(`Deletion of requested consumer groups (${gone}) was successful.\n`);
    return;
  }
  io.out('\nError: Deletion of some consumer groups failed:\n');
  for (const { name, error } of failed) {
    io.out(`* Group '${name}' could not be deleted due to: java.util.concurrent.ExecutionException: ${error}\n`);
  }
  if (failed.length < outcomes.length) io.out(`\nThese consumer groups were deleted successfully: ${gone}\n`);
}

async function deletionError(groups: GroupAdmin, name: string): Promise<string | null> {
  try {
    const code = await groups.delete(name);
    return code === ErrorCode.NONE ? null : `${exceptionName(code)}: ${errorMessage(code)}`;
  } catch (error) {
    return describeFailure(error);
  }
}

const DELETE_REFUSALS: Readonly<Record<number, (groupId: string) => string>> = {
  [ErrorCode.INVALID_GROUP_ID]: (groupId) => `'${groupId}' is not valid.`,
  [ErrorCode.GROUP_ID_NOT_FOUND]: (groupId) => `'${groupId}' does not exist.`,
  [ErrorCode.GROUP_AUTHORIZATION_FAILED]: (groupId) => `Access to '${groupId}' is not authorized.`,
  [ErrorCode.NON_EMPTY_GROUP]: (groupId) =>
    `Deleting offsets of a consumer group '${groupId}' is forbidden if the group is not empty.`,
};
const PARTITION_ERRORS: ReadonlySet<number> = new Set([
  ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC,
  ErrorCode.TOPIC_AUTHORIZATION_FAILED,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
]);

async function removeOffsets(tool: GroupTool): Promise<void> {
  const { admin, groups, options, io } = tool;
  const groupId = options.one('group') ?? '';
  const topics = options.all('topic');
  const rows: { topic: string; partition: number; error: string | null }[] = [];
  const targets: TopicPartition[] = [];
  for (const topic of topics) {
    try {
      targets.push(...(await partitionsOf(admin, [topic])));
    } catch (error) {
      if (!(error instanceof KafkaError)) throw error;
      rows.push({ topic, partition: -1, error: error.asJava });
    }
  }
  const { errorCode, partitions } = await groups.deleteOffsets(groupId, targets);
  const outcome = (entry: TopicPartition): number =>
    errorCode !== ErrorCode.NONE
      ? errorCode
      : (partitions.find(({ topic, partition }) => topic === entry.topic && partition === entry.partition)?.errorCode ??
        ErrorCode.UNKNOWN_SERVER_ERROR);
  for (const entry of targets) {
    const code = outcome(entry);
    rows.push({ ...entry, error: code === ErrorCode.NONE ? null : `${exceptionName(code)}: ${errorMessage(code)}` });
  }
  const overall = targets.map(outcome).find((code) => code !== ErrorCode.NONE) ?? errorCode;
  const refusal = DELETE_REFUSALS[overall];
  if (overall === ErrorCode.NONE) {
    io.out(`Request succeed for deleting offsets with topic ${topics.join(', ')} group ${groupId}\n`);
  } else if (refusal !== undefined) io.out(`\nError: ${refusal(groupId)}\n`);
  else if (PARTITION_ERRORS.has(overall)) {
    io.out('\nError: Encounter some partition level error, see the follow-up details:\n');
  } else io.out(`\nError: Encounter some unknown error: ${exceptionName(overall)}\n`);
  const cells = rows
    .map(({ topic, partition, error }) => ({ sort: `${topic}${partition}`, topic, partition, error }))
    .sort((a, b) => (a.sort < b.sort ? -1 : 1))
    .map(({ topic, partition, error }) => [
      topic,
      partition >= 0 ? partition : 'Not Provided',
      error === null ? 'Successful' : `Error: ${error}`,
    ]);
  io.out(table([['TOPIC', 'PARTITION', 'STATUS'], ...cells], [30, 15, 15]));
}

