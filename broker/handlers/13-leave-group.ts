/**
 * LeaveGroup (13): members go without waiting for their sessions to end.
 *
 * Up to v2 one member goes by its id, and its error is the answer's. v3 takes several, by member id or (an administrator) by
 * instance id alone, each with an error of its own; v5 adds a reason. Errors: 14, 15, 16, 24, 25, 82.
 */
import type { GroupCoordinator } from '../group/group-coordinator.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { leaveGroup } from '../protocol/messages/13-leave-group.ts';
import type { LeaveGroupRequest, LeaveGroupResponse } from '../protocol/messages/13-leave-group.ts';
import type { Handler } from '../server/handler.ts';

export function leaveGroupHandler(groups: GroupCoordinator): Handler<LeaveGroupRequest, LeaveGroupResponse> {
  return {
    api: leaveGroup,
    handle(request, { apiVersion }) {
      const { groupId, memberId } = request;
      if (apiVersion >= 3) return { throttleTimeMs: 0, ...groups.leaveGroup(groupId, request.members) };
      const { errorCode, members } = groups.leaveGroup(groupId, [{ memberId, groupInstanceId: null, reason: null }]);
      const own = members[0]?.errorCode ?? ErrorCode.NONE;
      return { throttleTimeMs: 0, errorCode: errorCode === ErrorCode.NONE ? own : errorCode, members: [] };
    },
  };
}
