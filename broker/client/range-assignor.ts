/**
 * The range assignor: per topic, its partitions in order are dealt out in runs to the members that want it, in order of
 * their ids; the first `partitions % members` get one more. Static members sort by their instance id, so a restart changes
 * nothing.
 */
export interface MemberSubscription {
  memberId: string;
  groupInstanceId: string | null;
  topics: readonly string[];
}

/** Partitions by topic for each member; members without any are in it too. */
export function assignRanges(
  members: readonly MemberSubscription[],
  partitionCounts: ReadonlyMap<string, number>,
): Map<string, Map<string, number[]>> {
  const assignments = new Map(members.map(({ memberId }) => [memberId, new Map<string, number[]>()]));
  const ordered = [...members].sort(byInstanceThenMember);
  const topics = new Set(members.flatMap((member) => member.topics));
  for (const topic of topics) {
    const count = partitionCounts.get(topic) ?? 0;
    const takers = ordered.filter((member) => member.topics.includes(topic));
    const share = Math.floor(count / takers.length);
    const extra = count % takers.length;
    let start = 0;
    for (const [index, { memberId }] of takers.entries()) {
      const size = share + (index < extra ? 1 : 0);
      if (size > 0)
        assignments.get(memberId)!.set(
          topic,
          Array.from({ length: size }, (_, at) => start + at),
        );
      start += size;
    }
  }
  return assignments;
}

/** Static members come first. */
function byInstanceThenMember(a: MemberSubscription, b: MemberSubscription): number {
  if (a.groupInstanceId !== null && b.groupInstanceId !== null) return a.groupInstanceId < b.groupInstanceId ? -1 : 1;
  if (a.groupInstanceId !== null) return -1;
  if (b.groupInstanceId !== null) return 1;
  return a.memberId < b.memberId ? -1 : 1;
}
