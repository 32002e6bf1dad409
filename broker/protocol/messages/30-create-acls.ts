/**
 * CreateAcls. v1 prefixed patterns (KIP-290), v2 flexible, v3 user resources.
 */
import { api, array, i16, i32, i8, nullable, since, str, type Infer } from '../schema.ts';

export const createAcls = api({
  key: 30,
  name: 'CreateAcls',
  versions: [0, 3],
  flexible: 2,
  request: {
    creations: array({
      resourceType: i8,
      resourceName: str,
      resourcePatternType: since(1, i8, 3),
      principal: str,
      host: str,
      operation: i8,
      permissionType: i8,
    }),
  },
  response: {
    throttleTimeMs: i32,
    results: array({ errorCode: i16, errorMessage: nullable(str) }),
  },
});
export type CreateAclsRequest = Infer<typeof createAcls.request>;
export type CreateAclsResponse = Infer<typeof createAcls.response>;
