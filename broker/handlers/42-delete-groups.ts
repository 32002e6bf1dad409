/**
 * DeleteGroups (42): ends groups without members, and their offsets with them. Errors for each group: 14, 15, 16, 68 it has
 * members, 69 nobody knows it.
 */
import type { GroupCoordinator } from '../group/group-coordinator.ts';
import { deleteGroups } from '../protocol/messages/42-delete-groups.ts';
import type { DeleteGroupsRequest, DeleteGroupsResponse } from '../protocol/messages/42-delete-groups.ts';
import type { Handler } from '../server/handler.ts';

export function deleteGroupsHandler(groups: GroupCoordinator): Handler<DeleteGroupsRequest, DeleteGroupsResponse> {
  return {
    api: deleteGroups,
    async handle(request) {
      const names = [...new Set(request.groupsNames)];
      const results = names.map(async (groupId) => ({ groupId, errorCode: await groups.deleteGroup(groupId) }));
      return { throttleTimeMs: 0, results: await Promise.all(results) };
    },
  };
}
