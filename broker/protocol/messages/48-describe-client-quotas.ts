/**
 * DescribeClientQuotas (KIP-546). v1 flexible.
 */
import { api, array, bool, f64, i16, i32, i8, nullable, str, type Infer } from '../schema.ts';

export const describeClientQuotas = api({
  key: 48,
  name: 'DescribeClientQuotas',
  versions: [0, 1],
  flexible: 1,
  request: {
    components: array({ entityType: str, matchType: i8, match: nullable(str) }),
    strict: bool,
  },
  response: {
    throttleTimeMs: i32,
    errorCode: i16,
    errorMessage: nullable(str),
    entries: nullable(
      array({
        entity: array({ entityType: str, entityName: nullable(str) }),
        values: array({ key: str, value: f64 }),
      }),
    ),
  },
});
export type DescribeClientQuotasRequest = Infer<typeof describeClientQuotas.request>;
export type DescribeClientQuotasResponse = Infer<typeof describeClientQuotas.response>;
