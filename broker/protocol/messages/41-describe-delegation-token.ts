/**
 * DescribeDelegationToken. v2 flexible, v3 who asked for the token (KIP-373).
 */
import { api, array, bytes, i16, i32, i64, nullable, since, str, type Infer } from '../schema.ts';

export const describeDelegationToken = api({
  key: 41,
  name: 'DescribeDelegationToken',
  versions: [0, 3],
  flexible: 2,
  request: { owners: nullable(array({ principalType: str, principalName: str })) },
  response: {
    errorCode: i16,
    tokens: array({
      principalType: str,
      principalName: str,
      tokenRequesterPrincipalType: since(3, str, ''),
      tokenRequesterPrincipalName: since(3, str, ''),
      issueTimestamp: i64,
      expiryTimestamp: i64,
      maxTimestamp: i64,
      tokenId: str,
      hmac: bytes,
      renewers: array({ principalType: str, principalName: str }),
    }),
    throttleTimeMs: i32,
  },
});
export type DescribeDelegationTokenRequest = Infer<typeof describeDelegationToken.request>;
export type DescribeDelegationTokenResponse = Infer<typeof describeDelegationToken.response>;
