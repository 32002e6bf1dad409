/**
 * ApiVersions: which APIs and versions a broker speaks. Its answer always has the plain response header, so that a client of
 * any age can read it. v1 throttle time, v3 flexible with the client's name and version (KIP-511) and features (KIP-584).
 */
import { api, array, bool, i16, i32, i64, since, str, tagged, type Infer } from '../schema.ts';

export const apiVersions = api({
  key: 18,
  name: 'ApiVersions',
  versions: [0, 3],
  flexible: 3,
  request: {
    clientSoftwareName: since(3, str, ''),
    clientSoftwareVersion: since(3, str, ''),
  },
  response: {
    errorCode: i16,
    apiKeys: array({ apiKey: i16, minVersion: i16, maxVersion: i16 }),
    throttleTimeMs: since(1, i32, 0),
    supportedFeatures: tagged(0, 3, array({ name: str, minVersion: i16, maxVersion: i16 })),
    finalizedFeaturesEpoch: tagged(1, 3, i64, -1),
    finalizedFeatures: tagged(2, 3, array({ name: str, maxVersionLevel: i16, minVersionLevel: i16 })),
    zkMigrationReady: tagged(3, 3, bool),
  },
});
export type ApiVersionsRequest = Infer<typeof apiVersions.request>;
export type ApiVersionsResponse = Infer<typeof apiVersions.response>;
