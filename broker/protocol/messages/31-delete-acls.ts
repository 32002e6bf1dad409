/**
 * DeleteAcls by filters. v1 prefixed patterns (KIP-290), v2 flexible, v3 user resources.
 */
import { api, array, i16, i32, i8, nullable, since, str, type Infer } from '../schema.ts';

export const deleteAcls = api({
  key: 31,
  name: 'DeleteAcls',
  versions: [0, 3],
  flexible: 2,
  request: {
    filters: array({
      resourceTypeFilter: i8,
      resourceNameFilter: nullable(str),
      patternTypeFilter: since(1, i8, 3),
      principalFilter: nullable(str),
      hostFilter: nullable(str),
      operation: i8,
      permissionType: i8,
    }),
  },
  response: {
    throttleTimeMs: i32,
    filterResults: array({
      errorCode: i16,
      errorMessage: nullable(str),
      matchingAcls: array({
        errorCode: i16,
        errorMessage: nullable(str),
        resourceType: i8,
        resourceName: str,
        patternType: since(1, i8, 3),
        principal: str,
        host: str,
        operation: i8,
        permissionType: i8,
      }),
    }),
  },
});
export type DeleteAclsRequest = Infer<typeof deleteAcls.request>;
export type DeleteAclsResponse = Infer<typeof deleteAcls.response>;
