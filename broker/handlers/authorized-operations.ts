/**
 * What a client may do, as a bit set of operation codes (reference: `AclOperation`). Without an authorizer everybody may do
 * everything that can be done with a resource.
 */
const READ = 3,
  WRITE = 4,
  CREATE = 5,
  DELETE = 6,
  ALTER = 7,
  DESCRIBE = 8;
const CLUSTER_ACTION = 9,
  DESCRIBE_CONFIGS = 10,
  ALTER_CONFIGS = 11,
  IDEMPOTENT_WRITE = 12;

const bits = (...operations: readonly number[]): number => operations.reduce((set, operation) => set | (1 << operation), 0);

export const TOPIC_OPERATIONS = bits(READ, WRITE, CREATE, DESCRIBE, DELETE, ALTER, DESCRIBE_CONFIGS, ALTER_CONFIGS);
export const CLUSTER_OPERATIONS = bits(
  CREATE,
  CLUSTER_ACTION,
  DESCRIBE_CONFIGS,
  ALTER_CONFIGS,
  IDEMPOTENT_WRITE,
  ALTER,
  DESCRIBE,
);
/** The client did not ask. */
export const OPERATIONS_NOT_ASKED = -0x8000_0000;
