/**
 * AlterUserScramCredentials: sets and deletes SCRAM credentials (KIP-554).
 */
import { api, array, bytes, i16, i32, i8, nullable, str, type Infer } from '../schema.ts';

export const alterUserScramCredentials = api({
  key: 51,
  name: 'AlterUserScramCredentials',
  versions: [0, 0],
  flexible: 0,
  request: {
    deletions: array({ name: str, mechanism: i8 }),
    upsertions: array({
      name: str,
      mechanism: i8,
      iterations: i32,
      salt: bytes,
      saltedPassword: bytes,
    }),
  },
  response: {
    throttleTimeMs: i32,
    results: array({ user: str, errorCode: i16, errorMessage: nullable(str) }),
  },
});
export type AlterUserScramCredentialsRequest = Infer<typeof alterUserScramCredentials.request>;
export type AlterUserScramCredentialsResponse = Infer<typeof alterUserScramCredentials.response>;
