/** DescribeCluster (0): cluster id, controller and brokers, under the addresses of the client's listener. */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { DescribeClusterRequest, DescribeClusterResponse } from '../protocol/messages/60-describe-cluster.ts';
import { describeCluster } from '../protocol/messages/60-describe-cluster.ts';
import type { Handler, RequestContext } from '../server/handler.ts';
import type { MetadataCache } from '../server/metadata-cache.ts';
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED } from './authorized-operations.ts';

export class DescribeClusterHandler implements Handler<DescribeClusterRequest, DescribeClusterResponse> {
  readonly api = describeCluster;
  private readonly cache: MetadataCache;
  private readonly clusterId: string;

  constructor(cache: MetadataCache, clusterId: string) {
    this.cache = cache;
    this.clusterId = clusterId;
  }

  handle(request: DescribeClusterRequest, context: RequestContext): DescribeClusterResponse {
    return {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      clusterId: this.clusterId,
      controllerId: this.cache.controllerId,
      brokers: this.cache
        .brokers(context.listenerName)
        .map(({ id, host, port, rack }) => ({ brokerId: id, host, port, rack })),
      clusterAuthorizedOperations: request.includeClusterAuthorizedOperations ? CLUSTER_OPERATIONS : OPERATIONS_NOT_ASKED,
    };
  }
}
