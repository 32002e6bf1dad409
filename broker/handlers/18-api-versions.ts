/**
 * ApiVersions (0–3): what this broker serves, computed from the handlers that are registered. v3 also tells the cluster's finalized
 * features, of which there are none (epoch 0). A client too new to be understood is answered by the router.
 */
import { ErrorCode } from '../protocol/error-codes.ts';
import type { ApiVersionsRequest, ApiVersionsResponse } from '../protocol/messages/18-api-versions.ts';
import { apiVersions } from '../protocol/messages/18-api-versions.ts';
import type { AnyApi } from '../protocol/schema.ts';
import type { Handler, RequestContext } from '../server/handler.ts';

/** Name and version of a client's library: what Kafka takes since KIP-511. */
const SOFTWARE = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

export class ApiVersionsHandler implements Handler<ApiVersionsRequest, ApiVersionsResponse> {
  readonly api = apiVersions;
  private readonly apis: () => readonly AnyApi[];
  private entries: ApiVersionsResponse['apiKeys'] | null = null;

  /** `apis` is asked once, when the first client does: all handlers are registered then. */
  constructor(apis: () => readonly AnyApi[]) {
    this.apis = apis;
  }

  handle(request: ApiVersionsRequest, context: RequestContext): ApiVersionsResponse {
    const isValid =
      context.apiVersion < 3 || (SOFTWARE.test(request.clientSoftwareName) && SOFTWARE.test(request.clientSoftwareVersion));
    return {
      errorCode: isValid ? ErrorCode.NONE : ErrorCode.INVALID_REQUEST,
      apiKeys: isValid ? this.list() : [],
      throttleTimeMs: 0,
      supportedFeatures: [],
      finalizedFeaturesEpoch: 0,
      finalizedFeatures: [],
      zkMigrationReady: false,
    };
  }

  private list(): ApiVersionsResponse['apiKeys'] {
    this.entries ??= this.apis().map(({ key, versionMin, versionMax }) => ({
      apiKey: key,
      minVersion: versionMin,
      maxVersion: versionMax,
    }));
    return this.entries;
  }
}
