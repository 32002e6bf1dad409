/**
 * ListGroups (16): the groups that this broker coordinates. v4 shows their states and may filter by them. 14 comes with the
 * groups that are there already while others are being loaded.
 */
import type { GroupCoordinator } from '../group/group-coordinator.ts';
import { listGroups } from '../protocol/messages/16-list-groups.ts';
import type { ListGroupsRequest, ListGroupsResponse } from '../protocol/messages/16-list-groups.ts';
import type { Handler } from '../server/handler.ts';

export function listGroupsHandler(groups: GroupCoordinator): Handler<ListGroupsRequest, ListGroupsResponse> {
  return {
    api: listGroups,
    handle: (request) => ({ throttleTimeMs: 0, ...groups.listGroups(new Set(request.statesFilter)) }),
  };
}
