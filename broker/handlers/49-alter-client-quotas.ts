/** AlterClientQuotas (0–1, KIP-546): sets and removes quotas of users, client ids and addresses; each entry is answered by itself. */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { AlterClientQuotasRequest, AlterClientQuotasResponse } from '../protocol/messages/49-alter-client-quotas.ts';
import { alterClientQuotas } from '../protocol/messages/49-alter-client-quotas.ts';
import type { Handler } from '../server/handler.ts';
import { QuotaRefusal, readEntity } from '../quota/quota-entities.ts';
import type { QuotaStore } from '../server/quota-store.ts';
import type { Logger } from '../../shared/telemetry/logger.ts';

type Answer = AlterClientQuotasResponse['entries'][number];

export function alterClientQuotasHandler(
  quotas: Pick<QuotaStore, 'alter'>,
  logger: Logger,
): Handler<AlterClientQuotasRequest, AlterClientQuotasResponse> {
  return {
    api: alterClientQuotas,
    async handle({ entries, validateOnly }) {
      // One after the other: the same entity may be there twice, and is then answered once.
      const answers = new Map<string, Answer>();
      for (const { entity: components, ops } of entries) {
        const entity = [...new Map(components.map((component) => [component.entityType, component])).values()];
        let outcome: Pick<Answer, 'errorCode' | 'errorMessage'> = { errorCode: ErrorCode.NONE, errorMessage: null };
        try {
          await quotas.alter(readEntity(components), ops, validateOnly);
        } catch (error) {
          const isRefusal = error instanceof QuotaRefusal;
          if (!isRefusal) logger.error('Error processing alter client quotas request', { error });
          outcome = isRefusal
            ? { errorCode: ErrorCode.INVALID_REQUEST, errorMessage: error.message }
            : { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, errorMessage: (error as Error).message };
        }
        answers.set(JSON.stringify(entity), { ...outcome, entity });
      }
      return { throttleTimeMs: 0, entries: [...answers.values()] };
    },
  };
}
