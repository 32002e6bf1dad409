/**
 * LeaveGroup: members leave a group. v1 throttle time, v3 several members at once (KIP-345), v4 flexible, v5 reason
 * (KIP-800).
 */
import { api, array, defaulted, i16, i32, nullable, since, str, until, type Infer } from '../schema.ts';

export const leaveGroup = api({
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 5],
  flexible: 4,
  request: {
    groupId: str,
    memberId: until(2, str, ''),
    members: since(
      3,
      array({
        memberId: str,
        groupInstanceId: defaulted(nullable(str), null),
        reason: since(5, nullable(str), null),
      }),
      [],
    ),
  },
  response: {
    throttleTimeMs: since(1, i32, 0),
    errorCode: i16,
    members: since(3, array({ memberId: str, groupInstanceId: nullable(str), errorCode: i16 }), []),
  },
});
export type LeaveGroupRequest = Infer<typeof leaveGroup.request>;
export type LeaveGroupResponse = Infer<typeof leaveGroup.response>;
