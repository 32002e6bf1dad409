/** Throttling of requests and of connections: the keys of the administrator's guide, off unless they are set. */
import { atLeast, between } from '../../shared/settings/schema.ts';
import { setting } from './declare-setting.ts';

export const THROTTLE_SETTINGS = {
  requestThrottleLimit: setting<number>('requestThrottleLimit', 'int', 0, 'Requests in process before new ones wait; 0 is off.', { validator: atLeast(0) }),
  requestThrottleStallTime: setting<number>('requestThrottleStallTime', 'int', 100, 'ms after which those that wait are looked at again.', { validator: atLeast(1) }),
  requestThrottleDropStale: setting<boolean>('requestThrottleDropStale', 'boolean', true, 'Requests that went stale while they waited are dropped, with their connection.'),
  requestStaleLatencyCheck: setting<boolean>('requestStaleLatencyCheck', 'boolean', false, 'A request older than its session timeout is stale.'),
  requestStaleConnectionCheck: setting<boolean>('requestStaleConnectionCheck', 'boolean', true, 'A request whose connection is gone is stale.'),
  throttledOpWaitTime: setting<number>('throttledOpWaitTime', 'int', 0, 'ms of waiting after which a request is answered with ZTHROTTLEDOP; 0 never.', { validator: atLeast(0) }),
  connectionMaxTokens: setting<number>('connectionMaxTokens', 'int', 0, 'Size of the bucket of tokens that connecting takes; 0 is off.', { validator: atLeast(0) }),
  connectionTokenFillTime: setting<number>('connectionTokenFillTime', 'int', 1, 'ms between two fillings.', { validator: atLeast(1) }),
  connectionTokenFillCount: setting<number>('connectionTokenFillCount', 'int', 1, 'Tokens of one filling.', { validator: atLeast(0) }),
  connectionFreezeTime: setting<number>('connectionFreezeTime', 'int', -1, 'ms between two adjustments of the chance to be refused; -1: nobody is refused by chance.', { validator: atLeast(-1) }),
  connectionDropIncrease: setting<number>('connectionDropIncrease', 'double', 0.02, 'What that chance grows by when the bucket is empty.', { validator: between(0, 1) }),
  connectionDropDecrease: setting<number>('connectionDropDecrease', 'double', 0.002, 'What it shrinks by when there are enough tokens.', { validator: between(0, 1) }),
  connectionDecreaseRatio: setting<number>('connectionDecreaseRatio', 'double', 0, 'Which part of the bucket may be missing then.', { validator: between(0, 1) }),
  connectionWeightEnabled: setting<boolean>('connection_throttle_weight_enabled', 'boolean', false, 'Kinds of sessions take different numbers of tokens.'),
  connectionGlobalWeight: setting<number>('connection_throttle_global_session_weight', 'int', 3, 'Tokens of a new session.', { validator: atLeast(1) }),
  connectionLocalWeight: setting<number>('connection_throttle_local_session_weight', 'int', 1, 'Tokens of a new local session.', { validator: atLeast(1) }),
  connectionRenewWeight: setting<number>('connection_throttle_renew_session_weight', 'int', 2, 'Tokens of a session that comes back.', { validator: atLeast(1) }),
} as const;

/** The system properties of the same things. */
export const THROTTLE_ALIASES: ReadonlyMap<string, string> = new Map([
  ['request_throttle_max_requests', 'requestThrottleLimit'],
  ['request_throttle_stall_time', 'requestThrottleStallTime'],
  ['request_throttle_drop_stale', 'requestThrottleDropStale'],
  ['request_stale_latency_check', 'requestStaleLatencyCheck'],
  ['request_stale_connection_check', 'requestStaleConnectionCheck'],
  ['throttled_op_wait_time', 'throttledOpWaitTime'],
  ['connection_throttle_tokens', 'connectionMaxTokens'],
  ['connection_throttle_fill_time', 'connectionTokenFillTime'],
  ['connection_throttle_fill_count', 'connectionTokenFillCount'],
  ['connection_throttle_freeze_time', 'connectionFreezeTime'],
  ['connection_throttle_drop_increase', 'connectionDropIncrease'],
  ['connection_throttle_drop_decrease', 'connectionDropDecrease'],
  ['connection_throttle_decrease_ratio', 'connectionDecreaseRatio'],
]);
