/**
 * The controller: every broker runs one; at most one is active, the others wait for /controller to go away. Here are its elections, its
 * queue of events and what other rooms ask of it; what the active one does is in `active-controller.ts`.
 *
 * Whatever goes wrong between a decision and its writes, the way out is the same: a new term, which reads everything again.
 */
import type { Timers } from '../../shared/base/clock.ts';
import { CoordinatorError } from '../../shared/client/errors.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';
import { ErrorCode as ZnodeErrorCode } from '../../shared/znode/error-code.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import type { ControlledShutdownRequest, ControlledShutdownResponse } from '../protocol/messages/07-controlled-shutdown.ts';
import type { AlterPartitionRequest, AlterPartitionResponse } from '../protocol/messages/56-alter-partition.ts';
import { ActiveController } from './active-controller.ts';
import type { BrokerChannels } from './broker-channels.ts';
import type { ClusterState, TopicPartition } from './cluster-state.ts';
import { currentFence, tryBecomeController } from './election.ts';
import type { ElectionResult, ElectionType } from './elect-leaders.ts';
import { EventQueue } from './event-queue.ts';
import type { FeatureUpdate } from './features.ts';
import { ControllerMovedError } from './fenced-writes.ts';
import type { Fence } from './fenced-writes.ts';
import type { ControllerClient } from './read-state.ts';
import { getDataOrNull } from './read-state.ts';
import type { ReassignmentRequest, Refusal } from './reassign.ts';
import { controllerZnode } from './znodes.ts';

/** A failure that stays must not fill the log. */
export const RETRY_MS = 1000;

export interface ControllerOptions {
  brokerId: number;
  channels: BrokerChannels;
  interBrokerListener: string;
  isTopicDeletionEnabled: boolean;
  /** Null: leaders stay where they are. */
  rebalance: { checkIntervalMs: number; imbalancePercentage: number } | null;
  /** `unclean.leader.election.enable` of a topic, its own or the broker's default. */
  isUncleanElectionAllowed: (topic: string) => Promise<boolean>;
  wallMs: () => number;
  timers: Timers;
  logger: Logger;
}

export class Controller {
  private readonly options: ControllerOptions;
  private readonly logger: Logger;
  private readonly queue: EventQueue;
  private client: ControllerClient | null = null;
  private active: ActiveController | null = null;
  private closed = false;

  constructor(options: ControllerOptions) {
    this.options = options;
    this.logger = options.logger;
    this.queue = new EventQueue((error, key) => this.eventFailed(error, key));
  }

  get isActive(): boolean {
    return this.active !== null;
  }

  /** The cluster as the active controller sees it, else null. It changes with the next event: not to be kept. */
  get state(): ClusterState | null {
    return this.active?.state ?? null;
  }

  /** Begins (again) with a session whose broker is registered: watches /controller and takes part in its election. */
  start(client: ControllerClient): void {
    this.client = client;
    this.queue.put('elect', () => this.elect());
  }

  /** The session is over: whatever waits is meaningless. */
  sessionExpired(): void {
    this.queue.clear();
    this.client = null;
    this.resign('its session expired');
  }

  async close(): Promise<void> {
    this.closed = true;
    this.queue.clear();
    this.resign('the broker shuts down');
    this.client = null;
    await this.queue.idle();
  }

  /** Resolves when the events so far were dealt with. */
  idle(): Promise<void> {
    return this.queue.idle();
  }

  /** Some topics may now be led by a replica that is not in sync: those without a leader get another look. */
  uncleanElectionsAllowed(): void {
    this.queue.put('uncleanElections', async () => this.active?.electUnclean());
  }

  // What is asked of the active controller. Each is an event of its queue.

  alterPartition(request: AlterPartitionRequest, apiVersion: number): Promise<AlterPartitionResponse> {
    const refusal: AlterPartitionResponse = { throttleTimeMs: 0, errorCode: ErrorCode.NOT_CONTROLLER, topics: [] };
    return this.ask(refusal, (active) => active.alterPartition(request, apiVersion));
  }

  controlledShutdown(request: ControlledShutdownRequest): Promise<ControlledShutdownResponse> {
    const refusal: ControlledShutdownResponse = { errorCode: ErrorCode.NOT_CONTROLLER, remainingPartitions: [] };
    return this.ask(refusal, (active) => active.controlledShutdown(request));
  }

  /** By `partitionKey`; null where this is not the active controller. */
  electLeaders(
    partitions: readonly TopicPartition[],
    electionType: ElectionType,
  ): Promise<ReadonlyMap<string, ElectionResult> | null> {
    return this.ask<ReadonlyMap<string, ElectionResult> | null>(null, (active) => active.electLeaders(partitions, electionType));
  }

  /** What was refused, by `partitionKey`; null where this is not the active controller. */
  alterReassignments(requests: readonly ReassignmentRequest[]): Promise<ReadonlyMap<string, Refusal> | null> {
    return this.ask<ReadonlyMap<string, Refusal> | null>(null, (active) => active.alterReassignments(requests));
  }

  /** Why each was refused, null for those done; null altogether where this is not the active controller. */
  updateFeatures(
    updates: readonly FeatureUpdate[],
    { validateOnly }: { validateOnly: boolean },
  ): Promise<ReadonlyMap<string, string | null> | null> {
    return this.ask<ReadonlyMap<string, string | null> | null>(null, (active) => active.updateFeatures(updates, validateOnly));
  }

  /** Runs `answer` as an event of the active controller; `refusal` when it is (or becomes) another one's business. */
  private ask<T>(refusal: T, answer: (active: ActiveController) => Promise<T>): Promise<T> {
    return new Promise((resolve) => {
      if (this.active === null) return resolve(refusal);
      const run = async (): Promise<void> => {
        if (this.active === null) return resolve(refusal);
        try {
          resolve(await answer(this.active));
        } catch (error) {
          resolve(refusal);
          throw error;
        }
      };
      this.queue.put(null, run, () => resolve(refusal));
    });
  }

  private async elect(): Promise<void> {
    const { client } = this;
    if (client === null || this.closed) return;
    const { brokerId, wallMs } = this.options;
    // Armed before the look, so that no change between the two is missed.
    const there = await client.exists(controllerZnode.path, { watch: this.onController });
    if (there !== null && there.ephemeralOwner !== client.sessionId) {
      if (this.active !== null) this.resign('another broker is the controller');
      await this.noteOther(client);
      return;
    }
    if (there !== null && this.active !== null) return;
    const fence =
      there === null ? await tryBecomeController(client, brokerId, wallMs()) : await currentFence(client, brokerId);
    if (fence === null) return; // somebody was faster, and the watch tells when they go
    this.logger.info(
      `${brokerId} successfully elected as the controller. Epoch incremented to ${fence.controllerEpoch} and epoch zk version is now ${fence.zkVersion}`,
    );
    await this.takeOver(client, fence);
  }

  private async noteOther(client: ControllerClient): Promise<void> {
    const holder = await getDataOrNull(client, controllerZnode.path);
    if (holder === null) return; // gone again: the watch has fired
    try {
      const id = controllerZnode.decode(holder.data);
      this.logger.debug(`Broker ${id} has been elected as the controller, so stopping the election process.`);
    } catch (error) {
      this.logger.error('Somebody is the controller whose znode cannot be read; this broker waits until it goes', { error });
    }
  }

  private async takeOver(client: ControllerClient, fence: Fence): Promise<void> {
    const active: ActiveController = new ActiveController(this.options, {
      client,
      fence,
      put: (key, run) => {
        // A watch of an earlier term in the same session: its event must not take the place of this term's under the same key.
        if (this.active !== active) return;
        this.queue.put(key, async () => {
          if (this.active === active) await run();
        });
      },
    });
    this.active = active;
    await active.takeOver();
  }

  private resign(why: string): void {
    const { active } = this;
    if (active === null) return;
    this.active = null;
    active.end();
    this.logger.info(`Resigned: ${why}`);
  }

  private readonly onController = (): void => this.queue.put('elect', () => this.elect());

  private eventFailed(error: unknown, key: string | null): void {
    if (this.closed || this.client === null) return; // the session went away under the event
    if (error instanceof ControllerMovedError) {
      this.resign(error.message);
      this.queue.put('elect', () => this.elect());
      return;
    }
    const { client } = this;
    const isOver = error instanceof CoordinatorError && error.code === ZnodeErrorCode.SESSIONEXPIRED;
    if (isOver) return; // the link makes a new session and starts us again
    this.logger.error(`Error while handling ${key ?? 'a request'}: everything is read again`, { error });
    // Which writes took effect is unknown (a lost connection), or the znodes are not what we thought.
    this.active?.end();
    this.active = null;
    this.retry(client);
  }

  private retry(client: ControllerClient): void {
    this.options.timers.after(RETRY_MS, () => {
      client.whenConnected().then(
        () => {
          if (this.client === client) this.queue.put('elect', () => this.elect());
        },
        (error: unknown) => this.logger.warn('The session ended while the controller waited for it', { error }),
      );
    });
  }
}
