/**
 * CreateDelegationToken. v2 flexible, v3 a token for another owner (KIP-373).
 */
import { api, array, bytes, i16, i32, i64, nullable, since, str, type Infer } from '../schema.ts';

export const createDelegationToken = api({
  key: 38,
  name: 'CreateDelegationToken',
  versions: [0, 3],
  flexible: 2,
  request: {
    ownerPrincipalType: since(3, nullable(str), ''),
    ownerPrincipalName: since(3, nullable(str), ''),
    renewers: array({ principalType: str, principalName: str }),
    maxLifetimeMs: i64,
  },
  response: {
    errorCode: i16,
    principalType: str,
    principalName: str,
    tokenRequesterPrincipalType: since(3, str, ''),
    tokenRequesterPrincipalName: since(3, str, ''),
    issueTimestampMs: i64,
    expiryTimestampMs: i64,
    maxTimestampMs: i64,
    tokenId: str,
    hmac: bytes,
    throttleTimeMs: i32,
  },
});
export type CreateDelegationTokenRequest = Infer<typeof createDelegationToken.request>;
export type CreateDelegationTokenResponse = Infer<typeof createDelegationToken.response>;
