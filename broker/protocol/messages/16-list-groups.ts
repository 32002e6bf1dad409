/**
 * ListGroups: the groups that a broker coordinates. v1 throttle time, v3 flexible, v4 filter by state (KIP-518).
 */
import { api, array, i16, i32, since, str, type Infer } from '../schema.ts';

export const listGroups = api({
  key: 16,
  name: 'ListGroups',
  versions: [0, 4],
  flexible: 3,
  request: { statesFilter: since(4, array(str), []) },
  response: {
    throttleTimeMs: since(1, i32, 0),
    errorCode: i16,
    groups: array({ groupId: str, protocolType: str, groupState: since(4, str, '') }),
  },
});
export type ListGroupsRequest = Infer<typeof listGroups.request>;
export type ListGroupsResponse = Infer<typeof listGroups.response>;
