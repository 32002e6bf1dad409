/**
 * AlterClientQuotas (KIP-546). v1 flexible.
 */
import { api, array, bool, f64, i16, i32, nullable, str, type Infer } from '../schema.ts';

export const alterClientQuotas = api({
  key: 49,
  name: 'AlterClientQuotas',
  versions: [0, 1],
  flexible: 1,
  request: {
    entries: array({
      entity: array({ entityType: str, entityName: nullable(str) }),
      ops: array({ key: str, value: f64, remove: bool }),
    }),
    validateOnly: bool,
  },
  response: {
    throttleTimeMs: i32,
    entries: array({
      errorCode: i16,
      errorMessage: nullable(str),
      entity: array({ entityType: str, entityName: nullable(str) }),
    }),
  },
});
export type AlterClientQuotasRequest = Infer<typeof alterClientQuotas.request>;
export type AlterClientQuotasResponse = Infer<typeof alterClientQuotas.response>;
