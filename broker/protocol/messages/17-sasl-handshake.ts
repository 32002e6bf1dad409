/**
 * SaslHandshake: chooses a SASL mechanism. After v0 raw tokens follow, after v1 SaslAuthenticate requests.
 */
import { api, array, i16, str, type Infer } from '../schema.ts';

export const saslHandshake = api({
  key: 17,
  name: 'SaslHandshake',
  versions: [0, 1],
  request: { mechanism: str },
  response: { errorCode: i16, mechanisms: array(str) },
});
export type SaslHandshakeRequest = Infer<typeof saslHandshake.request>;
export type SaslHandshakeResponse = Infer<typeof saslHandshake.response>;
