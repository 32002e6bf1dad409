/**
 * Heartbeat: a member says it is alive. v1 throttle time, v3 static members (KIP-345), v4 flexible.
 */
import { api, i16, i32, nullable, since, str, type Infer } from '../schema.ts';

export const heartbeat = api({
  key: 12,
  name: 'Heartbeat',
  versions: [0, 4],
  flexible: 4,
  request: {
    groupId: str,
    generationId: i32,
    memberId: str,
    groupInstanceId: since(3, nullable(str), null),
  },
  response: { throttleTimeMs: since(1, i32, 0), errorCode: i16 },
});
export type HeartbeatRequest = Infer<typeof heartbeat.request>;
export type HeartbeatResponse = Infer<typeof heartbeat.response>;
