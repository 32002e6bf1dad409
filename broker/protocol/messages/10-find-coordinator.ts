/**
 * FindCoordinator: which broker coordinates a group (key type 0) or a transactional id (1). v1 key types, messages and
 * throttle time, v3 flexible, v4 several keys at once (KIP-699).
 */
import { api, array, between, i16, i32, i8, nullable, since, str, until, type Infer } from '../schema.ts';

export const findCoordinator = api({
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 4],
  flexible: 3,
  request: {
    key: until(3, str, ''),
    keyType: since(1, i8, 0),
    coordinatorKeys: since(4, array(str), []),
  },
  response: {
    throttleTimeMs: since(1, i32, 0),
    errorCode: until(3, i16, 0),
    errorMessage: between(1, 3, nullable(str), ''),
    nodeId: until(3, i32, 0),
    host: until(3, str, ''),
    port: until(3, i32, 0),
    coordinators: since(
      4,
      array({
        key: str,
        nodeId: i32,
        host: str,
        port: i32,
        errorCode: i16,
        errorMessage: nullable(str),
      }),
      [],
    ),
  },
});
export type FindCoordinatorRequest = Infer<typeof findCoordinator.request>;
export type FindCoordinatorResponse = Infer<typeof findCoordinator.response>;
