/**
 * Group handlers as clients meet them: a request is encoded in its version, decoded as the broker does, handled, and its answer
 * goes the same way back.
 */
import { expect } from 'chai';
import type { Logger } from '../../../shared/telemetry/logger.ts';
import { Reader } from '../../../shared/bytes/reader.ts';
import { Writer } from '../../../shared/bytes/writer.ts';
import type { Api, Message } from '../../../broker/protocol/schema.ts';
import type { Handler, RequestContext } from '../../../broker/server/handler.ts';
import { defaultGroupConfig } from '../../../broker/group/group-config.ts';
import { GroupCoordinator } from '../../../broker/group/group-coordinator.ts';
import type { LegacyOffsets } from '../../../broker/group/legacy-offsets.ts';
import { ManualTime } from '../group/manual-time.ts';
import { MemoryOffsetsLog } from '../group/memory-offsets-log.ts';

function travel<T, D>(message: Message<T, D>, value: D, version: number): T {
  const writer = new Writer();
  message.encode(writer, value, version);
  const reader = new Reader(writer.finish());
  const decoded = message.decode(reader, version);
  expect([reader.failure, reader.remaining], `${message.name} v${version}`).to.deep.equal([null, 0]);
  return decoded;
}

/** Asks `handler` in `version`, and returns the answer as that version's client sees it. */
export async function call<Req, Res, ReqDraft, ResDraft>(
  api: Api<Req, Res, ReqDraft, ResDraft>,
  handler: Handler<Req, ResDraft>,
  version: number,
  request: ReqDraft,
): Promise<Res> {
  const context: RequestContext = {
    apiVersion: version,
    clientId: 'c',
    correlationId: 1,
    listenerName: 'PLAINTEXT',
    clientAddress: '::ffff:127.0.0.1',
    connectionId: 'x',
    principal: 'User:ANONYMOUS',
    requestSize: 100,
    quotas: null,
    closed: false,
    onClose: () => () => undefined,
  };
  const answer = await handler.handle(travel(api.request, request, version), context);
  expect(answer, `${api.name} v${version} has an answer`).to.be.an('object');
  return travel(api.response, answer as ResDraft, version);
}

export class MemoryLegacyOffsets implements LegacyOffsets {
  private readonly offsets = new Map<string, number>();

  get(groupId: string, topic: string, partition: number): Promise<number | null> {
    return Promise.resolve(this.offsets.get(`${groupId}/${topic}/${partition}`) ?? null);
  }

  set(groupId: string, topic: string, partition: number, offset: number): Promise<void> {
    this.offsets.set(`${groupId}/${topic}/${partition}`, offset);
    return Promise.resolve();
  }
}

const silent = (): void => undefined;
const logger: Logger = { error: silent, warn: silent, info: silent, debug: silent };

/** A coordinator that leads everything, in a cluster whose topic `t` has partitions 0 to 2. */
export function setUp() {
  const time = new ManualTime();
  const log = new MemoryOffsetsLog();
  let ids = 0;
  const config = { ...defaultGroupConfig, groupInitialRebalanceDelayMs: 0 };
  const groups = new GroupCoordinator({ config, log, clock: time, timers: time, randomUuid: () => `${++ids}`, logger });
  groups.start();
  for (let partition = 0; partition < 50; partition++) groups.elected(partition, 0);
  const partitionExists = (topic: string, partition: number): boolean => topic === 't' && partition < 3;
  return { time, log, groups, partitionExists, legacyOffsets: new MemoryLegacyOffsets() };
}

export function versionsOf(api: { versionMin: number; versionMax: number }, from = api.versionMin): number[] {
  return Array.from({ length: api.versionMax - from + 1 }, (_, i) => from + i);
}
