/**
 * The reset of a group's offsets: a scope (partitions) and a scenario (where to) give the new offsets, which are shown,
 * exported as CSV or, with --execute, committed. Groups with members are left alone.
 */
import { readFileSync } from 'node:fs';
import type { PartitionOffset, TopicPartition } from '../../client/group-admin.ts';
import { logLine, usageExit } from '../io.ts';
import { illegalArgument, JavaError } from '../java-exception.ts';
import { javaHash, javaHashOrder } from '../java-order.ts';
import { dateTimeMs, durationMs } from '../java-time.ts';
import { scalaMapOrder, topicPartitionHash } from '../scala-order.ts';
import { chosenGroups, type GroupTool } from './consumer-groups.ts';
import { SCENARIOS } from './consumer-groups-check.ts';
import { options as specs } from './consumer-groups-options.ts';
import { endOffsets, keyOf, offsetsAt, partitionsOf, startOffsets } from './group-offsets.ts';

const LOGGER = 'kafka.admin.ConsumerGroupCommand$';
type Plan = readonly PartitionOffset[];

export async function resetOffsets(tool: GroupTool): Promise<void> {
  const { groups, options, io } = tool;
  const names = await chosenGroups(tool);
  const descriptions = javaHashOrder(await Promise.all(names.map((name) => groups.describe(name))), ({ groupId }) => groupId);
  const plans: { groupId: string; plan: Plan }[] = [];
  for (const { groupId, state } of descriptions) {
    if (state !== 'Empty' && state !== 'Dead') {
      const reason = `Assignments can only be reset if the group '${groupId}' is inactive, but the current state is ${state}.`;
      io.out(`\nError: ${reason}\n`);
      plans.push({ groupId, plan: [] });
      continue;
    }
    const plan = scalaMapOrder(await prepare(tool, groupId), topicPartitionHash);
    if (options.has('execute') && !options.has('dry-run')) await groups.alter(groupId, plan);
    plans.push({ groupId, plan });
  }
  const ordered = scalaMapOrder(plans, ({ groupId }) => javaHash(groupId));
  if (options.has('export')) {
    const isSingle = options.all('group').length === 1;
    const rows = ordered.flatMap(({ groupId, plan }) =>
      plan.map(({ topic, partition, offset }) => {
        const cells = [csvCell(topic), partition, offset];
        return `${(isSingle ? cells : [csvCell(groupId), ...cells]).join(',')}\n`;
      }),
    );
    io.out(`${rows.join('')}\n`);
    return;
  }
  if (ordered.length > 0) io.out(`\n${row('GROUP', 'TOPIC', 'PARTITION', 'NEW-OFFSET')}`);
  for (const { groupId, plan } of ordered) {
    for (const { topic, partition, offset } of plan) io.out(row(groupId, topic, partition, offset));
  }
}

function row(group: string, topic: string, partition: string | number, offset: string | number): string {
  return `${group.padEnd(30)} ${topic.padEnd(30)} ${String(partition).padEnd(10)} ${String(offset).padEnd(15)}\n`;
}

function csvCell(text: string): string {
  return /[",\s]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

async function prepare(tool: GroupTool, groupId: string): Promise<Plan> {
  const { admin, options, io } = tool;
  const scope = await scopeOf(tool, groupId);
  const scenario = SCENARIOS.find((name) => options.has(name));
  const to = (offsets: ReadonlyMap<string, number>): Plan =>
    scope.map((entry) => ({ ...entry, offset: offsets.get(keyOf(entry))! }));
  switch (scenario) {
    case 'to-offset': {
      const offset = options.number('to-offset')!;
      return withinLog(
        tool,
        scope.map((entry) => ({ ...entry, offset })),
      );
    }
    case 'to-earliest':
      return to(await startOffsets(admin, scope));
    case 'to-latest':
      return to(await endOffsets(admin, scope));
    case 'shift-by': {
      const committed = await committedOffsets(tool, groupId);
      const shift = options.number('shift-by')!;
      const shifted = scope.map((entry) => {
        const offset = committed.get(keyOf(entry));
        if (offset !== undefined) return { ...entry, offset: offset + shift };
        throw illegalArgument(
          `Cannot shift offset for partition ${keyOf(entry)} since there is no current committed offset`,
        );
      });
      return withinLog(tool, shifted);
    }
    case 'to-datetime':
      return to(await atTime(tool, scope, dateTimeMs(options.one('to-datetime')!)));
    case 'by-duration':
      return to(await atTime(tool, scope, io.now().getTime() - durationMs(options.one('by-duration')!)));
    case 'from-file': {
      const plan = readPlan(tool).get(groupId);
      if (plan !== undefined) return withinLog(tool, plan);
      io.out(`\nError: No reset plan for group ${groupId} found\n`);
      return [];
    }
    case 'to-current': {
      const committed = await committedOffsets(tool, groupId);
      const [known, unknown] = [true, false].map((has) => scope.filter((entry) => committed.has(keyOf(entry)) === has));
      const ends = await endOffsets(admin, unknown!);
      return [
        ...known!.map((entry) => ({ ...entry, offset: committed.get(keyOf(entry))! })),
        ...unknown!.map((entry) => ({ ...entry, offset: ends.get(keyOf(entry))! })),
      ];
    }
    default: {
      const all = SCENARIOS.map((name) => `[${name}]`).join(', ');
      return usageExit(io, specs, `Option '[reset-offsets]' requires one of the following scenarios: HashSet(${all})`);
    }
  }
}

async function committedOffsets({ groups }: GroupTool, groupId: string): Promise<Map<string, number>> {
  return new Map((await groups.committed(groupId)).map((entry) => [keyOf(entry), entry.offset]));
}

async function scopeOf({ admin, groups, options, io }: GroupTool, groupId: string): Promise<readonly TopicPartition[]> {
  if (options.has('all-topics')) {
    return javaHashOrder(await groups.committed(groupId), topicPartitionHash).map(({ topic, partition }) => ({ topic, partition }));
  }
  if (options.has('topic')) {
    const found = await partitionsOf(admin, options.all('topic'));
    return [...new Map(found.map((entry) => [keyOf(entry), entry])).values()];
  }
  if (options.has('from-file')) return [];
  return usageExit(io, specs, 'One of the reset scopes should be defined: --all-topics, --topic.');
}

/** Offsets outside of the log are moved to its nearer end, and that is told. */
async function withinLog({ admin, io }: GroupTool, wanted: Plan): Promise<Plan> {
  const [starts, ends] = await Promise.all([startOffsets(admin, wanted), endOffsets(admin, wanted)]);
  return scalaMapOrder(wanted, topicPartitionHash).map((entry) => {
    const start = starts.get(keyOf(entry)) ?? 0;
    const end = ends.get(keyOf(entry)) ?? 0;
    const nearest = entry.offset > end ? end : Math.max(entry.offset, start);
    if (nearest !== entry.offset) {
      const relation = entry.offset > end ? 'higher than latest' : 'lower than earliest';
      const text = `New offset (${entry.offset}) is ${relation} offset for topic partition ${keyOf(entry)}. Value will be set to ${nearest}`;
      logLine(io, 'WARN', text, LOGGER);
    }
    return { ...entry, offset: nearest };
  });
}

/** Where `timestamp` is in each partition; its end where nothing is as late. */
async function atTime({ admin, io }: GroupTool, scope: readonly TopicPartition[], timestamp: number): Promise<Map<string, number>> {
  const found = await offsetsAt(admin, scope, timestamp);
  const later = scope.filter((entry) => found.get(keyOf(entry)) === -1);
  for (const { topic, partition } of javaHashOrder(later, topicPartitionHash)) {
    io.out(`\nWarn: Partition ${partition} from topic ${topic} is empty. Falling back to latest known offset.\n`);
  }
  for (const [key, offset] of await endOffsets(admin, later)) found.set(key, offset);
  return found;
}

/** The plan of --from-file: lines `topic,partition,offset`, or `group,topic,partition,offset`. */
function readPlan({ options }: GroupTool): Map<string, PartitionOffset[]> {
  const path = options.one('from-file')!;
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new JavaError('java.io.IOException', `Unable to read file ${path}`, { cause: error });
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const single = options.all('group').length === 1 && lines[0]?.split(',').length === 3 ? options.one('group') : null;
  const plans = new Map<string, PartitionOffset[]>();
  for (const line of lines) {
    const cells = line.split(',').map((cell) => cell.trim().replace(/^"(.*)"$/, '$1'));
    const [group, topic, partition, offset] = single === null ? cells : [single, ...cells];
    if (cells.length !== (single === null ? 4 : 3) || !/^-?\d+$/.test(partition ?? '') || !/^-?\d+$/.test(offset ?? '')) {
      const expected = single === null ? 'group,topic,partition,offset' : 'topic,partition,offset';
      throw new JavaError('java.io.IOException', `Cannot read line '${line}' of ${path}: ${expected} is expected`);
    }
    const plan = (plans.get(group!) ?? []).filter((entry) => keyOf(entry) !== `${topic}-${partition}`);
    plans.set(group!, [...plan, { topic: topic!, partition: Number(partition), offset: Number(offset) }]);
  }
  return plans;
}
