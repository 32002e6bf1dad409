/** DescribeUserScramCredentials (0, KIP-554): mechanisms and iterations of users (none named: of all), never secrets. */
import { ErrorCode } from '../protocol/error-codes.ts';
import type {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse,
} from '../protocol/messages/50-describe-user-scram-credentials.ts';
import { describeUserScramCredentials } from '../protocol/messages/50-describe-user-scram-credentials.ts';
import type { Handler } from '../server/handler.ts';
import { CLIENT_ID, USER } from '../quota/quota-entities.ts';
import type { QuotaStore } from '../server/quota-store.ts';
import { iterationsOf, SCRAM_MECHANISMS } from '../security/scram-credentials.ts';

type Result = DescribeUserScramCredentialsResponse['results'][number];

export function describeUserScramCredentialsHandler(
  store: Pick<QuotaStore, 'readAll' | 'readUser'>,
): Handler<DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse> {
  const namedUsers = (names: readonly string[]): Promise<Result[]> =>
    Promise.all(
      [...new Set(names)].map(async (user) => {
        if (names.filter((name) => name === user).length > 1) {
          const errorMessage = `Cannot describe SCRAM credentials for the same user twice in a single request: ${user}`;
          return { user, errorCode: ErrorCode.DUPLICATE_RESOURCE, errorMessage, credentialInfos: [] };
        }
        const credentialInfos = user === '' ? [] : credentialsIn(await store.readUser(user));
        if (credentialInfos.length > 0) return found(user, credentialInfos);
        const errorMessage =
          user === '' ? 'Username must not be empty' : `Attempt to describe a user credential that does not exist: ${user}`;
        return { user, errorCode: ErrorCode.RESOURCE_NOT_FOUND, errorMessage, credentialInfos };
      }),
    );
  const allUsers = async (): Promise<Result[]> =>
    (await store.readAll()).flatMap(({ entity, config }) => {
      const user = entity.get(USER);
      if (user === undefined || user === null || entity.has(CLIENT_ID)) return [];
      const credentialInfos = credentialsIn(config);
      return credentialInfos.length > 0 ? [found(user, credentialInfos)] : [];
    });
  return {
    api: describeUserScramCredentials,
    async handle({ users }) {
      const results = users === null || users.length === 0 ? await allUsers() : await namedUsers(users.map(({ name }) => name));
      return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: '', results };
    },
  };
}

function found(user: string, credentialInfos: Result['credentialInfos']): Result {
  return { user, errorCode: ErrorCode.NONE, errorMessage: '', credentialInfos };
}

function credentialsIn(config: ReadonlyMap<string, string>): Result['credentialInfos'] {
  return SCRAM_MECHANISMS.flatMap(({ type, name }) => {
    const iterations = iterationsOf(config.get(name) ?? '');
    return iterations === null ? [] : [{ mechanism: type, iterations }];
  });
}
