/**
 * AlterConfigs: replaces all settings of a resource. v2 flexible.
 */
import { api, array, bool, i16, i32, i8, nullable, str, type Infer } from '../schema.ts';

export const alterConfigs = api({
  key: 33,
  name: 'AlterConfigs',
  versions: [0, 2],
  flexible: 2,
  request: {
    resources: array({
      resourceType: i8,
      resourceName: str,
      configs: array({ name: str, value: nullable(str) }),
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
export type AlterConfigsRequest = Infer<typeof alterConfigs.request>;
export type AlterConfigsResponse = Infer<typeof alterConfigs.response>;
