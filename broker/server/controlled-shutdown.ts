/**
 * Controlled shutdown: before a broker stops it asks the controller, a few times, to move what it leads, so that clients are not
 * left without a leader until its death is noticed.
 */
import type { Logger } from '../../shared/telemetry/logger.ts';
import type { Controller } from '../controller/controller.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import type { ControlledShutdownResponse } from '../protocol/messages/07-controlled-shutdown.ts';
import { formatHost } from './listeners.ts';
import type { MetadataCache } from './metadata-cache.ts';
import type { RemoteBrokers } from './remote-brokers.ts';

export interface HandOverOptions {
  brokerId: number;
  brokerEpoch: number;
  /** `controlled.shutdown.max.retries`, `controlled.shutdown.retry.backoff.ms`. */
  retriesMax: number;
  retryBackoffMs: number;
  interBrokerListener: string;
  /** This broker's own, active or not. */
  controller: Controller;
  cache: MetadataCache;
  remote: RemoteBrokers;
  logger: Logger;
}

/** Resolves when everything that can move has moved, nobody is there to take over, or the tries are used up. */
export async function handOver(options: HandOverOptions): Promise<void> {
  const { logger, retriesMax, retryBackoffMs } = options;
  logger.info('Starting controlled shutdown');
  for (let tries = 1; tries <= retriesMax; tries++) {
    try {
      const response = await askToLeave(options);
      if (response === null) return;
      if (response.errorCode === ErrorCode.NONE && response.remainingPartitions.length === 0) {
        logger.info('Controlled shutdown request returned successfully');
        return;
      }
      logger.info(`${response.remainingPartitions.length} partitions remain to move, error code ${response.errorCode}`);
    } catch (error) {
      logger.warn('Error during controlled shutdown', { error });
    }
    if (tries < retriesMax) await new Promise((resolve) => setTimeout(resolve, retryBackoffMs));
  }
  logger.warn('Proceeding to do an unclean shutdown as all the controlled shutdown attempts failed');
}

/** Null: there is no controller to ask. */
async function askToLeave(options: HandOverOptions): Promise<ControlledShutdownResponse | null> {
  const { brokerId, brokerEpoch, controller, cache, interBrokerListener, remote, logger } = options;
  if (controller.isActive) return await controller.controlledShutdown({ brokerId, brokerEpoch });
  const { controllerId } = cache;
  const endpoint = cache.endpoint(controllerId, interBrokerListener);
  if (endpoint === null || controllerId === brokerId) return null;
  const { host, port } = endpoint;
  logger.info(`Asking controller ${controllerId} at ${formatHost(host)}:${port}`);
  const endpoints = [{ listenerName: interBrokerListener, host, port, securityProtocol: 'PLAINTEXT' }];
  return await remote.controlledShutdown(
    { registration: { id: controllerId, endpoints, rack: null }, brokerEpoch: -1 },
    brokerId,
    brokerEpoch,
  );
}
