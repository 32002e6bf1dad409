/**
 * DeleteGroups: deletes groups without members. v2 flexible.
 */
import { api, array, i16, i32, str, type Infer } from '../schema.ts';

export const deleteGroups = api({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexible: 2,
  request: { groupsNames: array(str) },
  response: { throttleTimeMs: i32, results: array({ groupId: str, errorCode: i16 }) },
});
export type DeleteGroupsRequest = Infer<typeof deleteGroups.request>;
export type DeleteGroupsResponse = Infer<typeof deleteGroups.response>;
