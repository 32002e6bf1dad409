/**
 * JoinGroup: enters a group's next generation; the answer comes when all members are there. v1 rebalance timeout, v2
 * throttle time, v4 needs a member id first (KIP-394), v5 static members (KIP-345), v6 flexible, v7 protocol type and
 * nullable protocol name, v8 reason (KIP-800), v9 lets a static leader skip the assignment (KIP-814).
 */
import { api, array, bool, bytes, defaulted, i16, i32, nullable, since, str, type Infer } from '../schema.ts';

export const joinGroup = api({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 9],
  flexible: 6,
  request: {
    groupId: str,
    sessionTimeoutMs: i32,
    rebalanceTimeoutMs: since(1, i32, -1),
    memberId: str,
    groupInstanceId: since(5, nullable(str), null),
    protocolType: str,
    protocols: array({ name: str, metadata: bytes }),
    reason: since(8, nullable(str), null),
  },
  response: {
    throttleTimeMs: since(2, i32, 0),
    errorCode: i16,
    generationId: defaulted(i32, -1),
    protocolType: since(7, nullable(str), null),
    protocolName: nullable(str, 7),
    leader: str,
    skipAssignment: since(9, bool, false),
    memberId: str,
    members: array({
      memberId: str,
      groupInstanceId: since(5, nullable(str), null),
      metadata: bytes,
    }),
  },
});
export type JoinGroupRequest = Infer<typeof joinGroup.request>;
export type JoinGroupResponse = Infer<typeof joinGroup.response>;
