/** DescribeClientQuotas (0–1, KIP-546): the quotas of users, client ids and addresses that a filter finds. */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { DescribeClientQuotasRequest, DescribeClientQuotasResponse } from '../protocol/messages/48-describe-client-quotas.ts';
import { describeClientQuotas } from '../protocol/messages/48-describe-client-quotas.ts';
import type { Handler } from '../server/handler.ts';
import { IP, matches, quotasIn, readFilter } from '../quota/quota-entities.ts';
import type { QuotaStore } from '../server/quota-store.ts';

const CODES = {
  invalid: ErrorCode.INVALID_REQUEST,
  unsupported: ErrorCode.UNSUPPORTED_VERSION,
  'unknown match': ErrorCode.UNKNOWN_SERVER_ERROR,
} as const;

export function describeClientQuotasHandler(
  quotas: Pick<QuotaStore, 'readAll'>,
): Handler<DescribeClientQuotasRequest, DescribeClientQuotasResponse> {
  return {
    api: describeClientQuotas,
    async handle({ components, strict }) {
      const filter = readFilter(components);
      if (!(filter instanceof Map)) {
        const errorMessage = filter.kind === 'unknown match' ? null : filter.message;
        return { throttleTimeMs: 0, errorCode: CODES[filter.kind], errorMessage, entries: null };
      }
      const found = (await quotas.readAll()).filter(({ entity }) => matches(filter, entity, strict));
      const entries = found
        .map(({ entity, config }) => ({
          entity: [...entity].map(([entityType, entityName]) => ({ entityType, entityName })),
          values: quotasIn(config, entity.has(IP)),
        }))
        .filter(({ values }) => values.length > 0);
      return { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: '', entries };
    },
  };
}
