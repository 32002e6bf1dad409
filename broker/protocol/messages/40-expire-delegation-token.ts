/**
 * ExpireDelegationToken. v2 flexible.
 */
import { api, bytes, i16, i32, i64, type Infer } from '../schema.ts';

export const expireDelegationToken = api({
  key: 40,
  name: 'ExpireDelegationToken',
  versions: [0, 2],
  flexible: 2,
  request: { hmac: bytes, expiryTimePeriodMs: i64 },
  response: { errorCode: i16, expiryTimestampMs: i64, throttleTimeMs: i32 },
});
export type ExpireDelegationTokenRequest = Infer<typeof expireDelegationToken.request>;
export type ExpireDelegationTokenResponse = Infer<typeof expireDelegationToken.response>;
