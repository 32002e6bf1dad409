/** kafka-reassign-partitions: moves replicas to other brokers or other directories, shows how far that is, cancels it. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Admin } from '../../client/admin.ts';
import { KafkaError } from '../../client/errors.ts';
import { assignReplicas } from '../../controller/assign-replicas.ts';
import { connectAdmin } from '../connect-admin.ts';
import { usageExit, type ToolIo } from '../io.ts';
import { describeFailure, JavaError, messageOf } from '../java-exception.ts';
import { comparePartitions, partitionName, readTextFile } from '../json-input.ts';
import type { Options } from '../options.ts';
import { parseTool } from '../parse-tool.ts';
import {
  alterReassignments,
  changeBrokers,
  changeTopics,
  findReplicaDirs,
  listReassignments,
  moveReplicas,
  replicaName,
  replicasOf,
} from './reassign-admin.ts';
import {
  checkExecutable,
  COMMAND_FAILED,
  describeProgress,
  describeReassignments,
  parseGenerateInput,
  parsePlan,
  throttlesFor,
  toReassignmentJson,
  type ReplicaMove,
  type Target,
} from './reassign-plan.ts';
import { options as specs } from './reassign-partitions-options.ts';

const COMMON = ['bootstrap-server', 'command-config', 'help', 'version'];
/** What each action needs, and what it may have besides. */
const ACTIONS: Readonly<Record<string, { readonly required: readonly string[]; readonly allowed: readonly string[] }>> = {
  generate: { required: ['topics-to-move-json-file', 'broker-list'], allowed: ['disable-rack-aware'] },
  execute: {
    required: ['reassignment-json-file'],
    allowed: ['additional', 'throttle', 'replica-alter-log-dirs-throttle', 'timeout'],
  },
  verify: { required: ['reassignment-json-file'], allowed: ['preserve-throttles'] },
  cancel: { required: ['reassignment-json-file'], allowed: ['preserve-throttles', 'timeout'] },
  list: { required: [], allowed: [] },
};
const BROKER_THROTTLES = [
  'leader.replication.throttled.rate',
  'follower.replication.throttled.rate',
  'replica.alter.log.dirs.io.max.bytes.per.second',
] as const;
const LEADER_REPLICAS = 'leader.replication.throttled.replicas';
const FOLLOWER_REPLICAS = 'follower.replication.throttled.replicas';
const RETRY_MS = 100;

/** A failure of which only the message is shown. */
class TerseError extends Error {
  override readonly name = 'TerseError';
}

export async function reassignPartitions(args: readonly string[], io: ToolIo): Promise<number> {
  const options = parse(args, io);
  const admin = connectAdmin(options, io);
  try {
    await run(admin, options, io);
    return 0;
  } catch (error) {
    if (error instanceof TerseError) io.out(`${error.message}\n`);
    else if (error instanceof KafkaError) io.out(`Error: ${error.asJava}\njava.util.concurrent.ExecutionException: ${error.asJava}\n\n`);
    else io.out(`Error: ${messageOf(error)}\n${describeFailure(error)}\n\n`);
    return 1;
  } finally {
    admin.close();
  }
}

function parse(args: readonly string[], io: ToolIo): Options {
  const options = parseTool({ specs, description: 'This tool helps to move topic partitions between replicas.' }, args, io);
  const names = Object.keys(ACTIONS);
  const [action, ...others] = names.filter((name) => options.has(name));
  if (action === undefined || others.length > 0) {
    usageExit(io, specs, `Command must include exactly one action: ${names.map((name) => `--${name}`).join(', ')}`);
  }
  if (!options.has('bootstrap-server')) usageExit(io, specs, 'Please specify --bootstrap-server');
  const { required, allowed } = ACTIONS[action]!;
  for (const name of required) if (!options.has(name)) usageExit(io, specs, `Missing required argument "[${name}]"`);
  const fine = new Set([action, ...COMMON, ...required, ...allowed]);
  const alien = specs.find(({ name }) => options.has(name) && !fine.has(name));
  if (alien !== undefined) usageExit(io, specs, `Option "[${alien.name}]" can't be used with action "[${action}]"`);
  return options;
}

function run(admin: Admin, options: Options, io: ToolIo): Promise<void> {
  const plan = (): ReturnType<typeof parsePlan> => parsePlan(readTextFile(options.one('reassignment-json-file') ?? ''));
  const keepThrottles = options.has('preserve-throttles');
  if (options.has('verify')) return verify(admin, plan(), keepThrottles, io);
  if (options.has('execute')) return execute(admin, plan(), options, io);
  if (options.has('cancel')) return cancel(admin, plan(), keepThrottles, options.number('timeout') ?? 0, io);
  if (options.has('generate')) return generate(admin, options, io);
  return list(admin, io);
}

async function list(admin: Admin, io: ToolIo): Promise<void> {
  io.out(`${describeReassignments(await listReassignments(admin))}\n`);
}

async function verify(admin: Admin, plan: ReturnType<typeof parsePlan>, keepThrottles: boolean, io: ToolIo): Promise<void> {
  const ongoing = await listReassignments(admin);
  const current = await replicasOf(admin, plan.targets.map(({ topic }) => topic), true);
  const replicas = new Map([...current].map(([name, target]) => [name, target.replicas]));
  io.out(`${describeProgress(plan.targets, ongoing, replicas)}\n`);
  const { lines, moving } = await describeMoves(admin, plan.moves);
  io.out(`${lines.join('\n')}\n`);
  if (ongoing.length === 0 && !moving && !keepThrottles) await clearThrottles(admin, plan.targets, io);
}

async function describeMoves(admin: Admin, moves: readonly ReplicaMove[]): Promise<{ lines: string[]; moving: boolean }> {
  const dirs = await findReplicaDirs(admin, moves);
  let moving = false;
  const order = (a: ReplicaMove, b: ReplicaMove): number => a.broker - b.broker || comparePartitions(a, b);
  const lines = [...moves].sort(order).map((move) => {
    const { broker, logDir } = move;
    const partition = `Partition ${partitionName(move)}`;
    const found = dirs.get(replicaName(move));
    if (found === undefined) return `${partition} cannot be found in any live log directory on broker ${broker}.`;
    const { current, future } = found;
    if (current === null) {
      return `${partition} is not found in any live log dir on broker ${broker}. There is likely an offline log directory on the broker.`;
    }
    if (future !== null) {
      moving = true;
      if (future === logDir) return `Reassignment of replica ${replicaName(move)} is still in progress.`;
      return `${partition} on broker ${broker} is being moved to log dir ${future} instead of ${logDir}.`;
    }
    if (current === logDir) return `Reassignment of replica ${replicaName(move)} completed successfully.`;
    return `${partition} on broker ${broker} is not being moved from log dir ${current} to ${logDir}.`;
  });
  return { lines, moving };
}

async function clearThrottles(admin: Admin, targets: readonly Target[], io: ToolIo): Promise<void> {
  const live = await admin.liveBrokers();
  const brokers = [...new Set([...live, ...targets.flatMap(({ replicas }) => replicas)])].sort((a, b) => a - b);
  io.out(`Clearing broker-level throttles on broker${brokers.length === 1 ? '' : 's'} ${brokers.join(',')}\n`);
  await changeBrokers(admin, brokers, BROKER_THROTTLES.map((name) => [name, null] as const));
  const topics = [...new Set(targets.map(({ topic }) => topic))];
  io.out(`Clearing topic-level throttles on topic${topics.length === 1 ? '' : 's'} ${topics.join(',')}\n`);
  await changeTopics(admin, new Map(topics.map((topic) => [topic, [[LEADER_REPLICAS, null], [FOLLOWER_REPLICAS, null]] as const])));
}

async function execute(admin: Admin, plan: ReturnType<typeof parsePlan>, options: Options, io: ToolIo): Promise<void> {
  checkExecutable(plan);
  const { targets, moves } = plan;
  const ongoing = await listReassignments(admin);
  if (ongoing.length > 0 && !options.has('additional')) {
    throw new TerseError(
      'Cannot execute because there is an existing partition assignment.  Use --additional to override this and create a new partition ' +
        'assignment in addition to the existing one. The --additional flag can also be used to change the throttle by resubmitting the ' +
        'current reassignment.',
    );
  }
  const live = await admin.liveBrokers();
  const unknown = targets.flatMap(({ replicas }) => replicas).find((id) => !live.has(id));
  if (unknown !== undefined) throw new JavaError(COMMAND_FAILED, `Unknown broker id ${unknown}`);
  const current = await replicasOf(admin, targets.map(({ topic }) => topic));
  const before = targets.flatMap((target) => current.get(partitionName(target)) ?? []);
  io.out(
    `Current partition replica assignment\n\n${toReassignmentJson(before)}\n\n` +
      'Save this to use as the --reassignment-json-file option during rollback\n',
  );
  const throttle = options.number('throttle') ?? -1;
  const dirThrottle = options.number('replica-alter-log-dirs-throttle') ?? -1;
  if (throttle >= 0 || dirThrottle >= 0) {
    io.out('Warning: You must run --verify periodically, until the reassignment completes, to ensure the throttle is removed.\n');
  }
  if (throttle >= 0) {
    const replicas = new Map([...current].map(([name, target]) => [name, target.replicas]));
    const { leaders, followers, brokers } = throttlesFor(ongoing, targets, replicas);
    const changes = [...leaders].map(([topic, list]) => {
      return [topic, [[LEADER_REPLICAS, list], [FOLLOWER_REPLICAS, followers.get(topic) ?? '']] as const] as const;
    });
    await changeTopics(admin, new Map(changes));
    await changeBrokers(admin, brokers, [[BROKER_THROTTLES[0], String(throttle)], [BROKER_THROTTLES[1], String(throttle)]]);
    io.out(`The inter-broker throttle limit was set to ${throttle} B/s\n`);
  }
  if (dirThrottle >= 0) {
    await changeBrokers(admin, [...new Set(moves.map(({ broker }) => broker))], [[BROKER_THROTTLES[2], String(dirThrottle)]]);
    io.out(`The replica-alter-dir throttle limit was set to ${dirThrottle} B/s\n`);
  }
  const refusals = await alterReassignments(admin, targets);
  if (refusals.size > 0) throw new TerseError(`Error reassigning partition(s):\n${refusalLines(targets, refusals)}`);
  const names = [...targets].sort(comparePartitions).map(partitionName);
  io.out(`Successfully started partition reassignment${names.length === 1 ? '' : 's'} for ${names.join(',')}\n`);
  if (moves.length > 0) await startMoves(admin, moves, options.number('timeout') ?? 0, io);
}

function refusalLines(targets: readonly Target[], refusals: ReadonlyMap<string, string>): string {
  return [...targets]
    .sort(comparePartitions)
    .map(partitionName)
    .filter((name) => refusals.has(name))
    .map((name) => `${name}: ${refusals.get(name)}`)
    .join('\n');
}

/** A replica that comes from another broker has to be there before it can be moved: tries again until all were taken. */
async function startMoves(admin: Admin, moves: readonly ReplicaMove[], timeoutMs: number, io: ToolIo): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (let pending = [...moves]; ; ) {
    const taken = await moveReplicas(admin, pending);
    if (taken.length > 0) {
      const names = [...taken].sort((a, b) => a.broker - b.broker || comparePartitions(a, b)).map(replicaName);
      io.out(`Successfully started log directory move${names.length === 1 ? '' : 's'} for: ${names.join(',')}\n`);
    }
    pending = pending.filter((move) => !taken.includes(move));
    if (pending.length === 0) return;
    if (performance.now() >= deadline) {
      const names = pending.map(replicaName).join(',');
      throw new TerseError(`Timed out before log directory move${pending.length === 1 ? '' : 's'} could be started for: ${names}`);
    }
    await sleep(RETRY_MS);
  }
}

async function cancel(
  admin: Admin,
  { targets, moves }: ReturnType<typeof parsePlan>,
  keepThrottles: boolean,
  timeoutMs: number,
  io: ToolIo,
): Promise<void> {
  const ongoing = new Set((await listReassignments(admin)).map(partitionName));
  const active = targets.filter((target) => ongoing.has(partitionName(target)));
  if (active.length === 0) {
    io.out('None of the specified partition reassignments are active.\n');
  } else {
    const refusals = await alterReassignments(admin, active.map((target) => ({ ...target, replicas: null })));
    if (refusals.size > 0) {
      const plural = refusals.size === 1 ? '' : 's';
      throw new TerseError(`Error cancelling partition reassignment${plural} for:\n${refusalLines(active, refusals)}`);
    }
    const names = [...active].sort(comparePartitions).map(partitionName);
    io.out(`Successfully cancelled partition reassignment${names.length === 1 ? '' : 's'} for: ${names.join(',')}\n`);
  }
  const dirs = await findReplicaDirs(admin, moves);
  const moving = moves.flatMap((move) => {
    const { current = null, future = null } = dirs.get(replicaName(move)) ?? {};
    return future === null || current === null ? [] : [{ ...move, logDir: current }];
  });
  if (moving.length === 0) io.out('None of the specified partition moves are active.\n');
  else await startMoves(admin, moving, timeoutMs, io);
  if (!keepThrottles) await clearThrottles(admin, targets, io);
}

async function generate(admin: Admin, options: Options, io: ToolIo): Promise<void> {
  const text = readTextFile(options.one('topics-to-move-json-file') ?? '');
  const { topics, brokers: ids } = parseGenerateInput(text, options.one('broker-list') ?? '');
  const current = [...(await replicasOf(admin, topics)).values()];
  await admin.liveBrokers();
  const rackAware = !options.has('disable-rack-aware');
  const brokers = [...admin.cluster.brokers.values()]
    .filter(({ id }) => ids.includes(id))
    .map(({ id, rack }) => ({ id, rack: rackAware ? rack : null }))
    .sort((a, b) => a.id - b.id);
  const rackless = brokers.filter(({ rack }) => rack === null).length;
  if (rackless !== 0 && rackless !== brokers.length) {
    const message =
      'Not all brokers have rack information. Add --disable-rack-aware in command line to make replica assignment without rack information.';
    throw new JavaError('kafka.admin.AdminOperationException', message);
  }
  const proposed = topics.flatMap((topic) => proposeFor(topic, current, brokers, io));
  io.out(`Current partition replica assignment\n${toReassignmentJson(current)}\n\n`);
  io.out(`Proposed partition reassignment configuration\n${toReassignmentJson(proposed)}\n`);
}

function proposeFor(topic: string, current: readonly Target[], brokers: readonly { id: number; rack: string | null }[], io: ToolIo): Target[] {
  const mine = current.filter((target) => target.topic === topic);
  const result = assignReplicas({
    brokers,
    partitionCount: mine.length,
    replicationFactor: mine[0]?.replicas.length ?? 0,
    startIndex: Math.floor(io.random() * brokers.length),
    shift: Math.floor(io.random() * brokers.length),
  });
  if (!result.ok) throw new KafkaError(result.errorCode, result.message);
  return [...result.assignment].map(([partition, replicas]) => ({ topic, partition, replicas }));
}
