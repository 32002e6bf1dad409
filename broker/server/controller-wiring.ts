/** The controller that every broker runs, with its ways to the brokers: to its own without a socket, to others over the wire. */
import type { Clock } from '../../shared/base/clock.ts';
import { createLogger } from '../../shared/telemetry/logger.ts';
import { Controller } from '../controller/controller.ts';
import { systemScheduler } from '../log/scheduler.ts';
import { Channels, type ControllerOrders } from './controller-orders.ts';
import { RemoteBrokers } from './remote-brokers.ts';
import type { BrokerSettings } from '../settings/settings.ts';

export interface ControllerWiring {
  readonly brokerId: number;
  readonly settings: BrokerSettings;
  readonly clock: Clock;
  /** Carries out what is ordered of this broker. */
  readonly orders: ControllerOrders;
  /** `unclean.leader.election.enable` of a topic, its own or the broker's default. */
  readonly isUncleanElectionAllowed: (topic: string) => Promise<boolean>;
}

export function createController(wiring: ControllerWiring): { controller: Controller; remote: RemoteBrokers } {
  const { brokerId, settings, clock, orders, isUncleanElectionAllowed } = wiring;
  const remote = new RemoteBrokers({
    listenerName: settings.interBrokerListener,
    clientId: String(brokerId),
    requestTimeoutMs: settings.controllerSocketTimeoutMs,
    isAlive: ({ registration, brokerEpoch }) =>
      controller.state?.liveBrokers.get(registration.id)?.brokerEpoch === brokerEpoch,
    logger: createLogger('kafka.controller.RequestSendThread', `[RequestSendThread controllerId=${brokerId}] `),
  });
  const channels = new Channels({
    ownId: brokerId,
    orders,
    remote: (broker, request) => remote.send(broker, request),
    logger: createLogger('kafka.controller.ControllerChannelManager', `[Channel manager on controller ${brokerId}]: `),
  });
  const controller = new Controller({
    brokerId,
    channels,
    interBrokerListener: settings.interBrokerListener,
    isTopicDeletionEnabled: settings.deleteTopicEnable,
    rebalance: settings.autoLeaderRebalanceEnable
      ? {
          checkIntervalMs: settings.leaderImbalanceCheckIntervalSeconds * 1000,
          imbalancePercentage: settings.leaderImbalancePerBrokerPercentage,
        }
      : null,
    isUncleanElectionAllowed,
    wallMs: () => clock.wallMs(),
    timers: systemScheduler,
    logger: createLogger('kafka.controller.KafkaController', `[Controller id=${brokerId}] `),
  });
  return { controller, remote };
}
