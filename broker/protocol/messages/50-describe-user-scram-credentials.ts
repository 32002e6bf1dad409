/**
 * DescribeUserScramCredentials: mechanisms and iterations of users, never secrets (KIP-554).
 */
import { api, array, i16, i32, i8, nullable, str, type Infer } from '../schema.ts';

export const describeUserScramCredentials = api({
  key: 50,
  name: 'DescribeUserScramCredentials',
  versions: [0, 0],
  flexible: 0,
  request: { users: nullable(array({ name: str })) },
  response: {
    throttleTimeMs: i32,
    errorCode: i16,
    errorMessage: nullable(str),
    results: array({
      user: str,
      errorCode: i16,
      errorMessage: nullable(str),
      credentialInfos: array({ mechanism: i8, iterations: i32 }),
    }),
  },
});
export type DescribeUserScramCredentialsRequest = Infer<typeof describeUserScramCredentials.request>;
export type DescribeUserScramCredentialsResponse = Infer<typeof describeUserScramCredentials.response>;
