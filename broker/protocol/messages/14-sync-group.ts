/**
 * SyncGroup: the leader hands in the assignments, every member gets its own. v1 throttle time, v3 static members, v4
 * flexible, v5 protocol type and name (KIP-559).
 */
import { api, array, bytes, i16, i32, nullable, since, str, type Infer } from '../schema.ts';

export const syncGroup = api({
  key: 14,
  name: 'SyncGroup',
  versions: [0, 5],
  flexible: 4,
  request: {
    groupId: str,
    generationId: i32,
    memberId: str,
    groupInstanceId: since(3, nullable(str), null),
    protocolType: since(5, nullable(str), null),
    protocolName: since(5, nullable(str), null),
    assignments: array({ memberId: str, assignment: bytes }),
  },
  response: {
    throttleTimeMs: since(1, i32, 0),
    errorCode: i16,
    protocolType: since(5, nullable(str), null),
    protocolName: since(5, nullable(str), null),
    assignment: bytes,
  },
});
export type SyncGroupRequest = Infer<typeof syncGroup.request>;
export type SyncGroupResponse = Infer<typeof syncGroup.response>;
