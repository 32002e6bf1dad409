/**
 * Heartbeat (12): a member says that it is alive, and learns whether it has to join again (27).
 *
 * v3 adds the instance id. Errors: 15, 16, 22 another generation, 24, 25 not a member (join anew), 82 fenced by its
 * successor.
 */
import type { GroupCoordinator } from '../group/group-coordinator.ts';
import { heartbeat } from '../protocol/messages/12-heartbeat.ts';
import type { HeartbeatRequest, HeartbeatResponse } from '../protocol/messages/12-heartbeat.ts';
import type { Handler } from '../server/handler.ts';

export function heartbeatHandler(groups: GroupCoordinator): Handler<HeartbeatRequest, HeartbeatResponse> {
  return {
    api: heartbeat,
    handle: (request) => ({ throttleTimeMs: 0, errorCode: groups.heartbeat(request.groupId, request) }),
  };
}
