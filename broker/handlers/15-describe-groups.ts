/**
 * DescribeGroups (15): state, protocol and members of groups. A group nobody knows is `Dead`, without an error.
 *
 * v3 adds the operations the client may do (a bit set, on demand), v4 instance ids. Errors: 14, 15, 16 for each group.
 */
import type { GroupCoordinator } from '../group/group-coordinator.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { describeGroups } from '../protocol/messages/15-describe-groups.ts';
import type { DescribeGroupsRequest, DescribeGroupsResponse } from '../protocol/messages/15-describe-groups.ts';
import type { Handler } from '../server/handler.ts';

const OPERATIONS_NOT_ASKED_FOR = -2_147_483_648;
/** Read (3), delete (6) and describe (8): all there are for a group, and all allowed where nobody authorizes. */
const ALL_GROUP_OPERATIONS = (1 << 3) | (1 << 6) | (1 << 8);

export function describeGroupsHandler(groups: GroupCoordinator): Handler<DescribeGroupsRequest, DescribeGroupsResponse> {
  return {
    api: describeGroups,
    handle(request) {
      const described = request.groups.map((groupId) => {
        const { errorCode, summary } = groups.describeGroup(groupId);
        const tellsOperations = request.includeAuthorizedOperations && errorCode === ErrorCode.NONE;
        return {
          errorCode,
          groupId,
          groupState: summary.state,
          protocolType: summary.protocolType,
          protocolData: summary.protocol,
          members: summary.members.map(({ metadata, assignment, ...member }) => ({
            ...member,
            memberMetadata: metadata,
            memberAssignment: assignment,
          })),
          authorizedOperations: tellsOperations ? ALL_GROUP_OPERATIONS : OPERATIONS_NOT_ASKED_FOR,
        };
      });
      return { throttleTimeMs: 0, groups: described };
    },
  };
}
