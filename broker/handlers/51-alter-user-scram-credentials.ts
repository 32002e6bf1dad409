/** AlterUserScramCredentials (0, KIP-554), at the controller: sets and deletes users' credentials; of one user all changes or none. */
import { ErrorCode } from '../protocol/error-codes.ts';
import type {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse,
} from '../protocol/messages/51-alter-user-scram-credentials.ts';
import { alterUserScramCredentials } from '../protocol/messages/51-alter-user-scram-credentials.ts';
import type { Handler } from '../server/handler.ts';
import type { QuotaStore } from '../server/quota-store.ts';
import { SCRAM_ITERATIONS_MAX, scramCredential, scramMechanism } from '../security/scram-credentials.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';

export interface AlterScramDependencies {
  readonly store: Pick<QuotaStore, 'changeUser'>;
  readonly isController: () => boolean;
  readonly logger: Logger;
}

type Upsertion = AlterUserScramCredentialsRequest['upsertions'][number];
type Change = { readonly mechanism: number; readonly upsertion: Upsertion | null };
type Result = AlterUserScramCredentialsResponse['results'][number];

class Refusal extends Error {
  readonly errorCode: number;
  constructor(errorCode: number, message: string) {
    super(message);
    this.errorCode = errorCode;
  }
}

export function alterUserScramCredentialsHandler(
  deps: AlterScramDependencies,
): Handler<AlterUserScramCredentialsRequest, AlterUserScramCredentialsResponse> {
  return {
    api: alterUserScramCredentials,
    async handle({ deletions, upsertions }) {
      const byUser = new Map<string, Change[]>();
      const add = (name: string, change: Change): void => {
        byUser.set(name, [...(byUser.get(name) ?? []), change]);
      };
      for (const { name, mechanism } of deletions) add(name, { mechanism, upsertion: null });
      for (const upsertion of upsertions) add(upsertion.name, { mechanism: upsertion.mechanism, upsertion });
      const results = await Promise.all([...byUser].map(([user, changes]) => alterUser(deps, user, changes)));
      return { throttleTimeMs: 0, results };
    },
  };
}

async function alterUser({ store, isController, logger }: AlterScramDependencies, user: string, changes: readonly Change[]): Promise<Result> {
  if (!isController()) return { user, errorCode: ErrorCode.NOT_CONTROLLER, errorMessage: null };
  try {
    check(user, changes);
    await store.changeUser(user, (config) => apply(config, changes));
    return { user, errorCode: ErrorCode.NONE, errorMessage: '' };
  } catch (error) {
    if (error instanceof Refusal) return { user, errorCode: error.errorCode, errorMessage: error.message };
    logger.error(`Error processing alter SCRAM credentials request for user ${user}`, { error });
    return { user, errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, errorMessage: (error as Error).message };
  }
}

function check(user: string, changes: readonly Change[]): void {
  if (user === '') throw new Refusal(ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Username must not be empty');
  for (const { mechanism, upsertion } of changes) {
    const known = scramMechanism(mechanism);
    if (known === undefined) throw new Refusal(ErrorCode.UNSUPPORTED_SASL_MECHANISM, 'Unknown SCRAM mechanism');
    if (upsertion === null) continue;
    if (upsertion.iterations < known.iterationsMin) throw new Refusal(ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Too few iterations');
    if (upsertion.iterations > SCRAM_ITERATIONS_MAX) throw new Refusal(ErrorCode.UNACCEPTABLE_CREDENTIAL, 'Too many iterations');
  }
  if (new Set(changes.map(({ mechanism }) => mechanism)).size === changes.length) return;
  throw new Refusal(ErrorCode.DUPLICATE_RESOURCE, 'A user credential cannot be altered twice in the same request');
}

function apply(config: ReadonlyMap<string, string>, changes: readonly Change[]): Map<string, string> {
  const next = new Map(config);
  for (const { mechanism, upsertion } of changes) {
    const known = scramMechanism(mechanism)!;
    if (upsertion !== null) next.set(known.name, scramCredential(known, upsertion));
    else if (!next.delete(known.name)) {
      throw new Refusal(ErrorCode.RESOURCE_NOT_FOUND, 'Attempt to delete a user credential that does not exist');
    }
  }
  return next;
}
