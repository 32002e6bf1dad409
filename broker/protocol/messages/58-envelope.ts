/**
 * Envelope: a request that a broker forwards to the controller for its client (KIP-590).
 */
import { api, bytes, defaulted, i16, nullable, type Infer } from '../schema.ts';

export const envelope = api({
  key: 58,
  name: 'Envelope',
  versions: [0, 0],
  flexible: 0,
  request: {
    requestData: bytes,
    requestPrincipal: nullable(bytes),
    clientHostAddress: bytes,
  },
  response: { responseData: defaulted(nullable(bytes), null), errorCode: i16 },
});
export type EnvelopeRequest = Infer<typeof envelope.request>;
export type EnvelopeResponse = Infer<typeof envelope.response>;
