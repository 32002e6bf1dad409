/**
 * DescribeConfigs: settings of topics and brokers with where they come from. v1 sources and synonyms (KIP-226), v2
 * throttles late, v3 types and documentation (KIP-569), v4 flexible.
 */
import { api, array, bool, i16, i32, i8, nullable, since, str, until, type Infer } from '../schema.ts';

export const describeConfigs = api({
  key: 32,
  name: 'DescribeConfigs',
  versions: [0, 4],
  flexible: 4,
  request: {
    resources: array({
      resourceType: i8,
      resourceName: str,
      configurationKeys: nullable(array(str)),
    }),
    includeSynonyms: since(1, bool, false),
    includeDocumentation: since(3, bool, false),
  },
  response: {
    throttleTimeMs: i32,
    results: array({
      errorCode: i16,
      errorMessage: nullable(str),
      resourceType: i8,
      resourceName: str,
      configs: array({
        name: str,
        value: nullable(str),
        readOnly: bool,
        isDefault: until(0, bool, false),
        configSource: since(1, i8, -1),
        isSensitive: bool,
        synonyms: since(1, array({ name: str, value: nullable(str), source: i8 }), []),
        configType: since(3, i8, 0),
        documentation: since(3, nullable(str), ''),
      }),
    }),
  },
});
export type DescribeConfigsRequest = Infer<typeof describeConfigs.request>;
export type DescribeConfigsResponse = Infer<typeof describeConfigs.response>;
