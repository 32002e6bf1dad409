/**
 * Znodes by which tools older than the APIs ask the controller for something: `/admin/reassign_partitions`, whose entries stay until they
 * are carried out, and `/admin/preferred_replica_election`, which is removed when all of it was looked at.
 */
import type { ClusterState, TopicPartition } from './cluster-state.ts';
import { isBeingReassigned, partitionOf } from './cluster-state.ts';
import type { ControllerOptions } from './controller.ts';
import { ElectionType } from './elect-leaders.ts';
import type { FencedWriter } from './fenced-writes.ts';
import type { ControllerClient } from './read-state.ts';
import { getDataOrNull, watchData } from './read-state.ts';
import type { ReassignmentPlan, TopicVersions } from './reassign.ts';
import { planReassignments, targetReplicas } from './reassign.ts';
import { preferredElectionZnode, reassignPartitionsZnode } from './znodes.ts';

/** The active controller, as far as it is needed here. */
export interface TriggeredController {
  readonly state: ClusterState;
  readonly options: ControllerOptions;
  readonly client: ControllerClient;
  readonly writer: FencedWriter;
  put(key: string, run: () => Promise<void>): void;
  /** The outcome of `decode`, or undefined when the znode makes no sense, which is logged. */
  decoded<T>(path: string, decode: () => T): T | undefined;
  refreshTopics(topics: readonly string[]): Promise<TopicVersions>;
  reassign(plan: ReassignmentPlan, versions: TopicVersions): Promise<void>;
  electLeaders(partitions: readonly TopicPartition[], electionType: ElectionType): Promise<unknown>;
}

export class LegacyTriggers {
  private readonly controller: TriggeredController;

  constructor(controller: TriggeredController) {
    this.controller = controller;
  }

  private readonly onReassignments = (): void => this.controller.put('reassignments', () => this.reassignmentsRequested());
  private readonly onElections = (): void => this.controller.put('elections', () => this.electionsRequested());

  /** `/admin/reassign_partitions` is there, or changed. */
  async reassignmentsRequested(): Promise<void> {
    const { controller } = this;
    const { path } = reassignPartitionsZnode;
    const znode = await watchData(controller.client, path, this.onReassignments);
    const entries = znode === null ? undefined : controller.decoded(path, () => reassignPartitionsZnode.decode(znode.data));
    if (entries === undefined) return;
    const fresh = entries.filter((entry) => !this.isTarget(entry));
    const versions = await controller.refreshTopics(fresh.map(({ topic }) => topic));
    const plan = planReassignments(controller.state, fresh, { checkReplicas: true });
    for (const [partition, refusal] of plan.refusals) {
      controller.options.logger.warn(`Failed reassignment of ${partition} through ${path}: ${refusal.errorMessage}`);
    }
    await controller.reassign(plan, versions);
    await this.pruneReassignments();
  }

  /** Takes out of `/admin/reassign_partitions` what is over (or was replaced); an empty one goes. */
  async pruneReassignments(): Promise<void> {
    const { controller } = this;
    const { path } = reassignPartitionsZnode;
    const znode = await getDataOrNull(controller.client, path);
    const entries = znode === null ? undefined : controller.decoded(path, () => reassignPartitionsZnode.decode(znode.data));
    if (znode === null || entries === undefined) return;
    const left = entries.filter((entry) => {
      const assignment = partitionOf(controller.state, entry)?.assignment;
      return assignment !== undefined && isBeingReassigned(assignment) && this.isTarget(entry);
    });
    if (left.length === entries.length && left.length > 0) return;
    if (left.length === 0) await controller.writer.write([{ op: 'deleteTree', path }]);
    else {
      const data = reassignPartitionsZnode.encode(left);
      await controller.writer.write([{ op: 'set', path, data, version: znode.stat.version }]);
    }
  }

  /** Whether the partition is on its way to these replicas, or there. */
  private isTarget(entry: TopicPartition & { replicas: readonly number[] }): boolean {
    const assignment = partitionOf(this.controller.state, entry)?.assignment;
    return assignment !== undefined && targetReplicas(assignment).join() === entry.replicas.join();
  }

  /** `/admin/preferred_replica_election` is there, or changed. */
  async electionsRequested(): Promise<void> {
    const { controller } = this;
    const { path } = preferredElectionZnode;
    const znode = await watchData(controller.client, path, this.onElections);
    if (znode === null) return;
    const partitions = controller.decoded(path, () => preferredElectionZnode.decode(znode.data));
    if (partitions !== undefined) await controller.electLeaders(partitions, ElectionType.PREFERRED);
    await controller.writer.write([{ op: 'deleteTree', path }]);
  }
}
