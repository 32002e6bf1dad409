/**
 * IncrementalAlterConfigs: sets, deletes, appends to or subtracts from single settings (KIP-339). v1 flexible.
 */
import { api, array, bool, i16, i32, i8, nullable, str, type Infer } from '../schema.ts';

export const incrementalAlterConfigs = api({
  key: 44,
  name: 'IncrementalAlterConfigs',
  versions: [0, 1],
  flexible: 1,
  request: {
    resources: array({
      resourceType: i8,
      resourceName: str,
      configs: array({ name: str, configOperation: i8, value: nullable(str) }),
    }),
    validateOnly: bool,
  },
  response: {
    throttleTimeMs: i32,
    responses: array({
      errorCode: i16,
      errorMessage: nullable(str),
      resourceType: i8,
      resourceName: str,
    }),
  },
});
export type IncrementalAlterConfigsRequest = Infer<typeof incrementalAlterConfigs.request>;
export type IncrementalAlterConfigsResponse = Infer<typeof incrementalAlterConfigs.response>;
