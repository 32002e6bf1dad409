/** What the settings about throttling come to; null where they leave it off. */
import type { Clock } from '../../shared/base/clock.ts';
import { ConnectionThrottle } from '../session/connection-throttle.ts';
import type { ThrottledPipeline } from './request-throttler.ts';
import { RequestThrottler } from './request-throttler.ts';
import type { ServerStats } from './server-stats.ts';
import type { ServerSettings } from './settings.ts';

export function requestThrottlerOf(settings: ServerSettings, clock: Clock, { metrics }: ServerStats, pipeline: ThrottledPipeline): RequestThrottler | null {
  if (settings.requestThrottleLimit === 0) return null;
  return new RequestThrottler(
    {
      limit: settings.requestThrottleLimit,
      stallTimeMs: settings.requestThrottleStallTime,
      dropStale: settings.requestThrottleDropStale,
      staleLatencyCheck: settings.requestStaleLatencyCheck,
      staleConnectionCheck: settings.requestStaleConnectionCheck,
      throttledOpWaitMs: settings.throttledOpWaitTime,
      clock,
      metrics,
    },
    pipeline,
  );
}

export function connectionThrottleOf(settings: ServerSettings, clock: Clock): ConnectionThrottle | null {
  if (settings.connectionMaxTokens === 0) return null;
  return new ConnectionThrottle(
    {
      tokensMax: settings.connectionMaxTokens,
      fillTimeMs: settings.connectionTokenFillTime,
      fillCount: settings.connectionTokenFillCount,
      freezeTimeMs: settings.connectionFreezeTime,
      dropIncrease: settings.connectionDropIncrease,
      dropDecrease: settings.connectionDropDecrease,
      decreaseRatio: settings.connectionDecreaseRatio,
      weights: settings.connectionWeightEnabled
        ? { global: settings.connectionGlobalWeight, local: settings.connectionLocalWeight, renew: settings.connectionRenewWeight }
        : null,
      random: Math.random,
    },
    clock.monotonicMs(),
  );
}
