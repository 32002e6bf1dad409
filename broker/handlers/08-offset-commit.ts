/**
 * OffsetCommit (8): a member, or a consumer that assigns its partitions itself, stores its positions.
 *
 * v0 stores them in the coordination service; v1 in `__consumer_offsets`, with a timestamp of the client's own; v2 to v4 may
 * ask for a retention; v6 adds the leader epoch, v7 the instance id. A partition nobody knows gets 3, the others go on. The
 * group's errors (14, 15, 16, 22, 25, 27, 82) come for each partition; 12 for one whose metadata is too long; 28 when the
 * commit is too large.
 */
import type { GroupCoordinator } from '../group/group-coordinator.ts';
import type { LegacyOffsets } from '../group/legacy-offsets.ts';
import type { OffsetToCommit } from '../group/offsets.ts';
import { ErrorCode } from '../protocol/error-codes.ts';
import { offsetCommit } from '../protocol/messages/08-offset-commit.ts';
import type { OffsetCommitRequest, OffsetCommitResponse } from '../protocol/messages/08-offset-commit.ts';
import type { Handler } from '../server/handler.ts';

export interface OffsetCommitDependencies {
  readonly groups: GroupCoordinator;
  readonly legacyOffsets: LegacyOffsets;
  readonly offsetMetadataMaxBytes: number;
  readonly partitionExists: (topic: string, partition: number) => boolean;
  readonly wallMs: () => number;
}

type PartitionResult = OffsetCommitResponse['topics'][number]['partitions'][number];

export function offsetCommitHandler(deps: OffsetCommitDependencies): Handler<OffsetCommitRequest, OffsetCommitResponse> {
  return {
    api: offsetCommit,
    handle(request, { apiVersion }) {
      const nowMs = deps.wallMs();
      const expireTimestamp = request.retentionTimeMs === -1 ? -1 : nowMs + request.retentionTimeMs;
      const commits: OffsetToCommit[] = [];
      const results: PartitionResult[] = []; // of the commits, in their order
      const topics = request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map((partition) => {
          const { partitionIndex, commitTimestamp } = partition;
          const result: PartitionResult = { partitionIndex, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION };
          if (!deps.partitionExists(name, partitionIndex)) return result;
          commits.push({
            topic: name,
            partition: partitionIndex,
            offset: partition.committedOffset,
            leaderEpoch: partition.committedLeaderEpoch,
            metadata: partition.committedMetadata ?? '',
            commitTimestamp: commitTimestamp === -1 ? nowMs : commitTimestamp,
            expireTimestamp,
          });
          results.push(result);
          return result;
        }),
      }));
      const respond = (errorCodes: readonly ErrorCode[]): OffsetCommitResponse => {
        errorCodes.forEach((errorCode, i) => (results[i]!.errorCode = errorCode));
        return { throttleTimeMs: 0, topics };
      };
      if (commits.length === 0) return respond([]);
      if (apiVersion === 0) return storeInZnodes(request.groupId, commits, deps).then(respond);
      const stored = deps.groups.commitOffsets(request.groupId, request, commits);
      return stored instanceof Promise ? stored.then(respond) : respond(stored);
    },
  };
}

async function storeInZnodes(
  groupId: string,
  commits: readonly OffsetToCommit[],
  { legacyOffsets, offsetMetadataMaxBytes }: OffsetCommitDependencies,
): Promise<ErrorCode[]> {
  const errorCodes: ErrorCode[] = [];
  for (const { topic, partition, offset, metadata } of commits) {
    const fits = metadata.length <= offsetMetadataMaxBytes;
    if (fits) await legacyOffsets.set(groupId, topic, partition, offset);
    errorCodes.push(fits ? ErrorCode.NONE : ErrorCode.OFFSET_METADATA_TOO_LARGE);
  }
  return errorCodes;
}
