/**
 * DescribeGroups: state and members of groups. v1 throttle time, v3 authorized operations, v4 static members, v5 flexible.
 */
import { api, array, bool, bytes, i16, i32, nullable, since, str, type Infer } from '../schema.ts';

export const describeGroups = api({
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 5],
  flexible: 5,
  request: { groups: array(str), includeAuthorizedOperations: since(3, bool, false) },
  response: {
    throttleTimeMs: since(1, i32, 0),
    groups: array({
      errorCode: i16,
      groupId: str,
      groupState: str,
      protocolType: str,
      protocolData: str,
      members: array({
        memberId: str,
        groupInstanceId: since(4, nullable(str), null),
        clientId: str,
        clientHost: str,
        memberMetadata: bytes,
        memberAssignment: bytes,
      }),
      authorizedOperations: since(3, i32, -2_147_483_648),
    }),
  },
});
export type DescribeGroupsRequest = Infer<typeof describeGroups.request>;
export type DescribeGroupsResponse = Infer<typeof describeGroups.response>;
