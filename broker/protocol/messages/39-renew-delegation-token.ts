/**
 * RenewDelegationToken. v2 flexible.
 */
import { api, bytes, i16, i32, i64, type Infer } from '../schema.ts';

export const renewDelegationToken = api({
  key: 39,
  name: 'RenewDelegationToken',
  versions: [0, 2],
  flexible: 2,
  request: { hmac: bytes, renewPeriodMs: i64 },
  response: { errorCode: i16, expiryTimestampMs: i64, throttleTimeMs: i32 },
});
export type RenewDelegationTokenRequest = Infer<typeof renewDelegationToken.request>;
export type RenewDelegationTokenResponse = Infer<typeof renewDelegationToken.response>;
