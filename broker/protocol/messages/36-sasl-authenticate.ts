/**
 * SaslAuthenticate: carries SASL tokens. v1 tells how long the session may live (KIP-368), v2 flexible.
 */
import { api, bytes, i16, i64, nullable, since, str, type Infer } from '../schema.ts';

export const saslAuthenticate = api({
  key: 36,
  name: 'SaslAuthenticate',
  versions: [0, 2],
  flexible: 2,
  request: { authBytes: bytes },
  response: {
    errorCode: i16,
    errorMessage: nullable(str),
    authBytes: bytes,
    sessionLifetimeMs: since(1, i64, 0),
  },
});
export type SaslAuthenticateRequest = Infer<typeof saslAuthenticate.request>;
export type SaslAuthenticateResponse = Infer<typeof saslAuthenticate.response>;
