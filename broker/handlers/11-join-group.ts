/**
 * JoinGroup (11): a member asks to be in the next generation. The answer waits until the rebalance ends its join phase.
 *
 * v1 rebalance timeout of its own (before: the session's); v4 sends a dynamic member without id away once (79); v5 instance
 * ids; v7 protocol type in the answer, and a null protocol name (before: an empty one); v9 lets a returning static leader
 * skip the assignment. Errors: 14, 15, 16, 23 no protocol in common, 24, 25, 26 session timeout out of bounds, 81 group
 * full, 82 fenced.
 */
import type { GroupCoordinator } from '../group/group-coordinator.ts';
import type { JoinResult } from '../group/group-messages.ts';
import { joinGroup } from '../protocol/messages/11-join-group.ts';
import type { JoinGroupRequest, JoinGroupResponse } from '../protocol/messages/11-join-group.ts';
import type { Handler } from '../server/handler.ts';
import { clientHostOf } from './client-host.ts';

export function joinGroupHandler(groups: GroupCoordinator): Handler<JoinGroupRequest, JoinGroupResponse> {
  return {
    api: joinGroup,
    handle(request, { apiVersion, clientId, clientAddress }) {
      const joined = groups.joinGroup(request.groupId, {
        memberId: request.memberId,
        groupInstanceId: request.groupInstanceId,
        requireKnownMemberId: apiVersion >= 4 && request.groupInstanceId === null,
        supportSkippingAssignment: apiVersion >= 9,
        clientId: clientId ?? '',
        clientHost: clientHostOf(clientAddress),
        rebalanceTimeoutMs: apiVersion === 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs,
        sessionTimeoutMs: request.sessionTimeoutMs,
        protocolType: request.protocolType,
        // Copies: the member keeps them long after the request's bytes have gone.
        protocols: request.protocols.map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
        reason: request.reason,
      });
      const respond = (result: JoinResult): JoinGroupResponse => responseOf(result, apiVersion);
      return joined instanceof Promise ? joined.then(respond) : respond(joined);
    },
  };
}

function responseOf(result: JoinResult, apiVersion: number): JoinGroupResponse {
  const protocolName = apiVersion < 7 ? (result.protocolName ?? '') : result.protocolName;
  return { throttleTimeMs: 0, ...result, protocolName, members: [...result.members] };
}
