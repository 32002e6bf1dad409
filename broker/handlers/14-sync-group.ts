/**
 * SyncGroup (14): the leader hands in what each member gets; every member's answer waits until the log has that.
 *
 * v3 adds the instance id; v5 the protocol type and name, which are then mandatory (23). Other errors: 15, 16, 22, 24, 25,
 * 27 join again, 82.
 */
import type { GroupCoordinator } from '../group/group-coordinator.ts';
import type { SyncResult } from '../group/group-messages.ts';
import { syncRefusal } from '../group/group-results.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { syncGroup } from '../protocol/messages/14-sync-group.ts';
import type { SyncGroupRequest, SyncGroupResponse } from '../protocol/messages/14-sync-group.ts';
import type { Handler } from '../server/handler.ts';

export function syncGroupHandler(groups: GroupCoordinator): Handler<SyncGroupRequest, SyncGroupResponse> {
  return {
    api: syncGroup,
    handle(request, { apiVersion }) {
      const { generationId, memberId, groupInstanceId, protocolType, protocolName } = request;
      if (apiVersion >= 5 && (protocolType === null || protocolName === null)) {
        return responseOf(syncRefusal(ErrorCode.INCONSISTENT_GROUP_PROTOCOL));
      }
      // Copies: the group keeps them long after the request's bytes have gone.
      const assignments = new Map(request.assignments.map((each) => [each.memberId, Buffer.from(each.assignment)]));
      const synced = groups.syncGroup(request.groupId, {
        generationId,
        memberId,
        groupInstanceId,
        protocolType,
        protocolName,
        assignments,
      });
      return synced instanceof Promise ? synced.then(responseOf) : responseOf(synced);
    },
  };
}

function responseOf(result: SyncResult): SyncGroupResponse {
  return { throttleTimeMs: 0, ...result };
}
