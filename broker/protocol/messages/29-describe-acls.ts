/**
 * DescribeAcls: lists ACLs that match a filter. v1 prefixed patterns (KIP-290), v2 flexible, v3 user resources.
 */
import { api, array, i16, i32, i8, nullable, since, str, type Infer } from '../schema.ts';

export const describeAcls = api({
  key: 29,
  name: 'DescribeAcls',
  versions: [0, 3],
  flexible: 2,
  request: {
    resourceTypeFilter: i8,
    resourceNameFilter: nullable(str),
    patternTypeFilter: since(1, i8, 3),
    principalFilter: nullable(str),
    hostFilter: nullable(str),
    operation: i8,
    permissionType: i8,
  },
  response: {
    throttleTimeMs: i32,
    errorCode: i16,
    errorMessage: nullable(str),
    resources: array({
      resourceType: i8,
      resourceName: str,
      patternType: since(1, i8, 3),
      acls: array({
        principal: str,
        host: str,
        operation: i8,
        permissionType: i8,
      }),
    }),
  },
});
export type DescribeAclsRequest = Infer<typeof describeAcls.request>;
export type DescribeAclsResponse = Infer<typeof describeAcls.response>;
