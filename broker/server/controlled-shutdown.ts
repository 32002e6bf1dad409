/**
 * Controlled shutdown: before a broker stops it asks the controller, a few times, to move what it leads, so that clients are not
 * left without a leader until its death is noticed.
 */
import type { Logger } from '../../shared/telemetry/logger.ts';
import { ErrorCode, errorName } from '../protocol/error-codes.ts';
import { type ControllerChannel, NoControllerError } from './controller-channel.ts';
import type { MetadataCache } from './metadata-cache.ts';

export interface HandOverOptions {
  brokerId: number;
  brokerEpoch: number;
  /** `controlled.shutdown.max.retries`, `controlled.shutdown.retry.backoff.ms`. */
  retriesMax: number;
  retryBackoffMs: number;
  controller: ControllerChannel;
  cache: MetadataCache;
  logger: Logger;
}

/** Resolves when everything that can move has moved, nobody is there to take over, or the tries are used up. */
export async function handOver(options: HandOverOptions): Promise<void> {
  const { logger, retriesMax, retryBackoffMs, controller, cache, brokerId, brokerEpoch } = options;
  const isAlone = (): boolean => cache.brokerRacks().every(({ id }) => id === brokerId);
  logger.info('Starting controlled shutdown');
  for (let tries = 1; tries <= retriesMax; tries++) {
    try {
      const response = await controller.controlledShutdown({ brokerId, brokerEpoch });
      if (response.errorCode === ErrorCode.NONE && response.remainingPartitions.length === 0) {
        logger.info('Controlled shutdown request returned successfully');
        return;
      }
      const { errorCode, remainingPartitions } = response;
      logger.info(`${remainingPartitions.length} partitions remain to move, the controller said ${errorName(errorCode)}`);
    } catch (error) {
      // Another may be about to be elected; nobody will be where nobody else is.
      if (!(error instanceof NoControllerError)) logger.warn('Error during controlled shutdown', { error });
      else if (isAlone()) return;
    }
    // A whole cluster that stops: for its last broker no retry will find anybody.
    if (tries < retriesMax && (await cache.waitUntil(isAlone, retryBackoffMs))) {
      logger.info('No other broker is left that could take over');
      return;
    }
  }
  logger.warn('Proceeding to do an unclean shutdown as all the controlled shutdown attempts failed');
}
