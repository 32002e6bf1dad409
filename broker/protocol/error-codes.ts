/**
 * Kafka's error codes: what a broker answers, whether trying again can help, and what 3.4's tools call it. One row an error.
 *
 * `retriable`: 'no', 'retry', or 'refresh' (retry after fetching metadata). The exception's simple name and the sentence
 * are what Java clients show, and what scripts that watch our tools' output look for.
 */
export const ErrorCode = {
  UNKNOWN_SERVER_ERROR: -1,
  NONE: 0,
  OFFSET_OUT_OF_RANGE: 1,
  CORRUPT_MESSAGE: 2,
  UNKNOWN_TOPIC_OR_PARTITION: 3,
  INVALID_FETCH_SIZE: 4,
  LEADER_NOT_AVAILABLE: 5,
  NOT_LEADER_OR_FOLLOWER: 6,
  REQUEST_TIMED_OUT: 7,
  BROKER_NOT_AVAILABLE: 8,
  REPLICA_NOT_AVAILABLE: 9,
  MESSAGE_TOO_LARGE: 10,
  STALE_CONTROLLER_EPOCH: 11,
  OFFSET_METADATA_TOO_LARGE: 12,
  NETWORK_EXCEPTION: 13,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  INVALID_TOPIC_EXCEPTION: 17,
  RECORD_LIST_TOO_LARGE: 18,
  NOT_ENOUGH_REPLICAS: 19,
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: 20,
  INVALID_REQUIRED_ACKS: 21,
  ILLEGAL_GENERATION: 22,
  INCONSISTENT_GROUP_PROTOCOL: 23,
  INVALID_GROUP_ID: 24,
  UNKNOWN_MEMBER_ID: 25,
  INVALID_SESSION_TIMEOUT: 26,
  REBALANCE_IN_PROGRESS: 27,
  INVALID_COMMIT_OFFSET_SIZE: 28,
  TOPIC_AUTHORIZATION_FAILED: 29,
  GROUP_AUTHORIZATION_FAILED: 30,
  CLUSTER_AUTHORIZATION_FAILED: 31,
  INVALID_TIMESTAMP: 32,
  UNSUPPORTED_SASL_MECHANISM: 33,
  ILLEGAL_SASL_STATE: 34,
  UNSUPPORTED_VERSION: 35,
  TOPIC_ALREADY_EXISTS: 36,
  INVALID_PARTITIONS: 37,
  INVALID_REPLICATION_FACTOR: 38,
  INVALID_REPLICA_ASSIGNMENT: 39,
  INVALID_CONFIG: 40,
  NOT_CONTROLLER: 41,
  INVALID_REQUEST: 42,
  UNSUPPORTED_FOR_MESSAGE_FORMAT: 43,
  POLICY_VIOLATION: 44,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 45,
  DUPLICATE_SEQUENCE_NUMBER: 46,
  INVALID_PRODUCER_EPOCH: 47,
  INVALID_TXN_STATE: 48,
  INVALID_PRODUCER_ID_MAPPING: 49,
  INVALID_TRANSACTION_TIMEOUT: 50,
  CONCURRENT_TRANSACTIONS: 51,
  TRANSACTION_COORDINATOR_FENCED: 52,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 53,
  SECURITY_DISABLED: 54,
  OPERATION_NOT_ATTEMPTED: 55,
  KAFKA_STORAGE_ERROR: 56,
  LOG_DIR_NOT_FOUND: 57,
  SASL_AUTHENTICATION_FAILED: 58,
  UNKNOWN_PRODUCER_ID: 59,
  REASSIGNMENT_IN_PROGRESS: 60,
  DELEGATION_TOKEN_AUTH_DISABLED: 61,
  DELEGATION_TOKEN_NOT_FOUND: 62,
  DELEGATION_TOKEN_OWNER_MISMATCH: 63,
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: 64,
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: 65,
  DELEGATION_TOKEN_EXPIRED: 66,
  INVALID_PRINCIPAL_TYPE: 67,
  NON_EMPTY_GROUP: 68,
  GROUP_ID_NOT_FOUND: 69,
  FETCH_SESSION_ID_NOT_FOUND: 70,
  INVALID_FETCH_SESSION_EPOCH: 71,
  LISTENER_NOT_FOUND: 72,
  TOPIC_DELETION_DISABLED: 73,
  FENCED_LEADER_EPOCH: 74,
  UNKNOWN_LEADER_EPOCH: 75,
  UNSUPPORTED_COMPRESSION_TYPE: 76,
  STALE_BROKER_EPOCH: 77,
  OFFSET_NOT_AVAILABLE: 78,
  MEMBER_ID_REQUIRED: 79,
  PREFERRED_LEADER_NOT_AVAILABLE: 80,
  GROUP_MAX_SIZE_REACHED: 81,
  FENCED_INSTANCE_ID: 82,
  ELIGIBLE_LEADERS_NOT_AVAILABLE: 83,
  ELECTION_NOT_NEEDED: 84,
  NO_REASSIGNMENT_IN_PROGRESS: 85,
  GROUP_SUBSCRIBED_TO_TOPIC: 86,
  INVALID_RECORD: 87,
  UNSTABLE_OFFSET_COMMIT: 88,
  THROTTLING_QUOTA_EXCEEDED: 89,
  PRODUCER_FENCED: 90,
  RESOURCE_NOT_FOUND: 91,
  DUPLICATE_RESOURCE: 92,
  UNACCEPTABLE_CREDENTIAL: 93,
  INCONSISTENT_VOTER_SET: 94,
  INVALID_UPDATE_VERSION: 95,
  FEATURE_UPDATE_FAILED: 96,
  PRINCIPAL_DESERIALIZATION_FAILURE: 97,
  SNAPSHOT_NOT_FOUND: 98,
  POSITION_OUT_OF_RANGE: 99,
  UNKNOWN_TOPIC_ID: 100,
  DUPLICATE_BROKER_REGISTRATION: 101,
  BROKER_ID_NOT_REGISTERED: 102,
  INCONSISTENT_TOPIC_ID: 103,
  INCONSISTENT_CLUSTER_ID: 104,
  TRANSACTIONAL_ID_NOT_FOUND: 105,
  FETCH_SESSION_TOPIC_ID_ERROR: 106,
  INELIGIBLE_REPLICA: 107,
  NEW_LEADER_ELECTED: 108,
} as const;
export type ErrorCode = (typeof ErrorCode)[keyof typeof ErrorCode];

type Retriable = 'no' | 'retry' | 'refresh';
interface Row {
  readonly name: string;
  readonly retriable: Retriable;
  readonly exception: string;
  readonly message: string;
}

const row = (name: string, retriable: Retriable, exception: string, message: string): Row => ({
  name,
  retriable,
  exception,
  message,
});

const rows: ReadonlyMap<number, Row> = new Map<number, Row>([
  [
    -1,
    row(
      'UNKNOWN_SERVER_ERROR',
      'no',
      'UnknownServerException',
      'The server experienced an unexpected error when processing the request.',
    ),
  ],
  [0, row('NONE', 'no', '', 'NONE')],
  [
    1,
    row(
      'OFFSET_OUT_OF_RANGE',
      'no',
      'OffsetOutOfRangeException',
      'The requested offset is not within the range of offsets maintained by the server.',
    ),
  ],
  [
    2,
    row(
      'CORRUPT_MESSAGE',
      'retry',
      'CorruptRecordException',
      'This message has failed its CRC checksum, exceeds the valid size, has a null key for a compacted ' +
        'topic, or is otherwise corrupt.',
    ),
  ],
  [
    3,
    row(
      'UNKNOWN_TOPIC_OR_PARTITION',
      'refresh',
      'UnknownTopicOrPartitionException',
      'This server does not host this topic-partition.',
    ),
  ],
  [4, row('INVALID_FETCH_SIZE', 'no', 'InvalidFetchSizeException', 'The requested fetch size is invalid.')],
  [
    5,
    row(
      'LEADER_NOT_AVAILABLE',
      'refresh',
      'LeaderNotAvailableException',
      'There is no leader for this topic-partition as we are in the middle of a leadership election.',
    ),
  ],
  [
    6,
    row(
      'NOT_LEADER_OR_FOLLOWER',
      'refresh',
      'NotLeaderOrFollowerException',
      'For requests intended only for the leader, this error indicates that the broker is not the current ' +
        'leader. For requests intended for any replica, this error indicates that the broker is not a replica of the topic partition.',
    ),
  ],
  [7, row('REQUEST_TIMED_OUT', 'retry', 'TimeoutException', 'The request timed out.')],
  [8, row('BROKER_NOT_AVAILABLE', 'no', 'BrokerNotAvailableException', 'The broker is not available.')],
  [
    9,
    row(
      'REPLICA_NOT_AVAILABLE',
      'refresh',
      'ReplicaNotAvailableException',
      'The replica is not available for the requested topic-partition. Produce/Fetch requests and other ' +
        'requests intended only for the leader or follower return NOT_LEADER_OR_FOLLOWER if the broker is not a replica of the topic-partition.',
    ),
  ],
  [
    10,
    row(
      'MESSAGE_TOO_LARGE',
      'no',
      'RecordTooLargeException',
      'The request included a message larger than the max message size the server will accept.',
    ),
  ],
  [11, row('STALE_CONTROLLER_EPOCH', 'no', 'ControllerMovedException', 'The controller moved to another broker.')],
  [
    12,
    row(
      'OFFSET_METADATA_TOO_LARGE',
      'no',
      'OffsetMetadataTooLarge',
      'The metadata field of the offset request was too large.',
    ),
  ],
  [13, row('NETWORK_EXCEPTION', 'refresh', 'NetworkException', 'The server disconnected before a response was received.')],
  [
    14,
    row(
      'COORDINATOR_LOAD_IN_PROGRESS',
      'retry',
      'CoordinatorLoadInProgressException',
      "The coordinator is loading and hence can't process requests.",
    ),
  ],
  [15, row('COORDINATOR_NOT_AVAILABLE', 'retry', 'CoordinatorNotAvailableException', 'The coordinator is not available.')],
  [16, row('NOT_COORDINATOR', 'retry', 'NotCoordinatorException', 'This is not the correct coordinator.')],
  [
    17,
    row(
      'INVALID_TOPIC_EXCEPTION',
      'no',
      'InvalidTopicException',
      'The request attempted to perform an operation on an invalid topic.',
    ),
  ],
  [
    18,
    row(
      'RECORD_LIST_TOO_LARGE',
      'no',
      'RecordBatchTooLargeException',
      'The request included message batch larger than the configured segment size on the server.',
    ),
  ],
  [
    19,
    row(
      'NOT_ENOUGH_REPLICAS',
      'retry',
      'NotEnoughReplicasException',
      'Messages are rejected since there are fewer in-sync replicas than required.',
    ),
  ],
  [
    20,
    row(
      'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
      'retry',
      'NotEnoughReplicasAfterAppendException',
      'Messages are written to the log, but to fewer in-sync replicas than required.',
    ),
  ],
  [
    21,
    row(
      'INVALID_REQUIRED_ACKS',
      'no',
      'InvalidRequiredAcksException',
      'Produce request specified an invalid value for required acks.',
    ),
  ],
  [22, row('ILLEGAL_GENERATION', 'no', 'IllegalGenerationException', 'Specified group generation id is not valid.')],
  [
    23,
    row(
      'INCONSISTENT_GROUP_PROTOCOL',
      'no',
      'InconsistentGroupProtocolException',
      "The group member's supported protocols are incompatible with those of existing members or first " +
        'group member tried to join with empty protocol type or empty protocol list.',
    ),
  ],
  [24, row('INVALID_GROUP_ID', 'no', 'InvalidGroupIdException', 'The configured groupId is invalid.')],
  [25, row('UNKNOWN_MEMBER_ID', 'no', 'UnknownMemberIdException', 'The coordinator is not aware of this member.')],
  [
    26,
    row(
      'INVALID_SESSION_TIMEOUT',
      'no',
      'InvalidSessionTimeoutException',
      'The session timeout is not within the range allowed by the broker (as configured by ' +
        'group.min.session.timeout.ms and group.max.session.timeout.ms).',
    ),
  ],
  [
    27,
    row('REBALANCE_IN_PROGRESS', 'no', 'RebalanceInProgressException', 'The group is rebalancing, so a rejoin is needed.'),
  ],
  [
    28,
    row(
      'INVALID_COMMIT_OFFSET_SIZE',
      'no',
      'InvalidCommitOffsetSizeException',
      'The committing offset data size is not valid.',
    ),
  ],
  [29, row('TOPIC_AUTHORIZATION_FAILED', 'no', 'TopicAuthorizationException', 'Topic authorization failed.')],
  [30, row('GROUP_AUTHORIZATION_FAILED', 'no', 'GroupAuthorizationException', 'Group authorization failed.')],
  [31, row('CLUSTER_AUTHORIZATION_FAILED', 'no', 'ClusterAuthorizationException', 'Cluster authorization failed.')],
  [
    32,
    row('INVALID_TIMESTAMP', 'no', 'InvalidTimestampException', 'The timestamp of the message is out of acceptable range.'),
  ],
  [
    33,
    row(
      'UNSUPPORTED_SASL_MECHANISM',
      'no',
      'UnsupportedSaslMechanismException',
      'The broker does not support the requested SASL mechanism.',
    ),
  ],
  [34, row('ILLEGAL_SASL_STATE', 'no', 'IllegalSaslStateException', 'Request is not valid given the current SASL state.')],
  [35, row('UNSUPPORTED_VERSION', 'no', 'UnsupportedVersionException', 'The version of API is not supported.')],
  [36, row('TOPIC_ALREADY_EXISTS', 'no', 'TopicExistsException', 'Topic with this name already exists.')],
  [37, row('INVALID_PARTITIONS', 'no', 'InvalidPartitionsException', 'Number of partitions is below 1.')],
  [
    38,
    row(
      'INVALID_REPLICATION_FACTOR',
      'no',
      'InvalidReplicationFactorException',
      'Replication factor is below 1 or larger than the number of available brokers.',
    ),
  ],
  [39, row('INVALID_REPLICA_ASSIGNMENT', 'no', 'InvalidReplicaAssignmentException', 'Replica assignment is invalid.')],
  [40, row('INVALID_CONFIG', 'no', 'InvalidConfigurationException', 'Configuration is invalid.')],
  [41, row('NOT_CONTROLLER', 'retry', 'NotControllerException', 'This is not the correct controller for this cluster.')],
  [
    42,
    row(
      'INVALID_REQUEST',
      'no',
      'InvalidRequestException',
      'This most likely occurs because of a request being malformed by the client library or the message ' +
        'was sent to an incompatible broker. See the broker logs for more details.',
    ),
  ],
  [
    43,
    row(
      'UNSUPPORTED_FOR_MESSAGE_FORMAT',
      'no',
      'UnsupportedForMessageFormatException',
      'The message format version on the broker does not support the request.',
    ),
  ],
  [
    44,
    row('POLICY_VIOLATION', 'no', 'PolicyViolationException', 'Request parameters do not satisfy the configured policy.'),
  ],
  [
    45,
    row(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
      'no',
      'OutOfOrderSequenceException',
      'The broker received an out of order sequence number.',
    ),
  ],
  [
    46,
    row('DUPLICATE_SEQUENCE_NUMBER', 'no', 'DuplicateSequenceException', 'The broker received a duplicate sequence number.'),
  ],
  [
    47,
    row('INVALID_PRODUCER_EPOCH', 'no', 'InvalidProducerEpochException', 'Producer attempted to produce with an old epoch.'),
  ],
  [
    48,
    row(
      'INVALID_TXN_STATE',
      'no',
      'InvalidTxnStateException',
      'The producer attempted a transactional operation in an invalid state.',
    ),
  ],
  [
    49,
    row(
      'INVALID_PRODUCER_ID_MAPPING',
      'no',
      'InvalidPidMappingException',
      'The producer attempted to use a producer id which is not currently assigned to its transactional id.',
    ),
  ],
  [
    50,
    row(
      'INVALID_TRANSACTION_TIMEOUT',
      'no',
      'InvalidTxnTimeoutException',
      'The transaction timeout is larger than the maximum value allowed by the broker (as configured by ' +
        'transaction.max.timeout.ms).',
    ),
  ],
  [
    51,
    row(
      'CONCURRENT_TRANSACTIONS',
      'retry',
      'ConcurrentTransactionsException',
      'The producer attempted to update a transaction while another concurrent operation on the same ' +
        'transaction was ongoing.',
    ),
  ],
  [
    52,
    row(
      'TRANSACTION_COORDINATOR_FENCED',
      'no',
      'TransactionCoordinatorFencedException',
      'Indicates that the transaction coordinator sending a WriteTxnMarker is no longer the current ' +
        'coordinator for a given producer.',
    ),
  ],
  [
    53,
    row(
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      'no',
      'TransactionalIdAuthorizationException',
      'Transactional Id authorization failed.',
    ),
  ],
  [54, row('SECURITY_DISABLED', 'no', 'SecurityDisabledException', 'Security features are disabled.')],
  [
    55,
    row(
      'OPERATION_NOT_ATTEMPTED',
      'no',
      'OperationNotAttemptedException',
      'The broker did not attempt to execute this operation. This may happen for batched RPCs where some ' +
        'operations in the batch failed, causing the broker to respond without trying the rest.',
    ),
  ],
  [
    56,
    row('KAFKA_STORAGE_ERROR', 'refresh', 'KafkaStorageException', 'Disk error when trying to access log file on the disk.'),
  ],
  [
    57,
    row(
      'LOG_DIR_NOT_FOUND',
      'no',
      'LogDirNotFoundException',
      'The user-specified log directory is not found in the broker config.',
    ),
  ],
  [58, row('SASL_AUTHENTICATION_FAILED', 'no', 'SaslAuthenticationException', 'SASL Authentication failed.')],
  [
    59,
    row(
      'UNKNOWN_PRODUCER_ID',
      'no',
      'UnknownProducerIdException',
      'This exception is raised by the broker if it could not locate the producer metadata associated with ' +
        "the producerId in question. This could happen if, for instance, the producer's records were deleted because their retention time had elapsed. Once the last records of the producerId are removed, the producer's metadata is removed from the broker, and future appends by the producer will return this exception.",
    ),
  ],
  [60, row('REASSIGNMENT_IN_PROGRESS', 'no', 'ReassignmentInProgressException', 'A partition reassignment is in progress.')],
  [
    61,
    row(
      'DELEGATION_TOKEN_AUTH_DISABLED',
      'no',
      'DelegationTokenDisabledException',
      'Delegation Token feature is not enabled.',
    ),
  ],
  [
    62,
    row('DELEGATION_TOKEN_NOT_FOUND', 'no', 'DelegationTokenNotFoundException', 'Delegation Token is not found on server.'),
  ],
  [
    63,
    row(
      'DELEGATION_TOKEN_OWNER_MISMATCH',
      'no',
      'DelegationTokenOwnerMismatchException',
      'Specified Principal is not valid Owner/Renewer.',
    ),
  ],
  [
    64,
    row(
      'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED',
      'no',
      'UnsupportedByAuthenticationException',
      'Delegation Token requests are not allowed on PLAINTEXT/1-way SSL channels and on delegation token ' +
        'authenticated channels.',
    ),
  ],
  [
    65,
    row(
      'DELEGATION_TOKEN_AUTHORIZATION_FAILED',
      'no',
      'DelegationTokenAuthorizationException',
      'Delegation Token authorization failed.',
    ),
  ],
  [66, row('DELEGATION_TOKEN_EXPIRED', 'no', 'DelegationTokenExpiredException', 'Delegation Token is expired.')],
  [67, row('INVALID_PRINCIPAL_TYPE', 'no', 'InvalidPrincipalTypeException', 'Supplied principalType is not supported.')],
  [68, row('NON_EMPTY_GROUP', 'no', 'GroupNotEmptyException', 'The group is not empty.')],
  [69, row('GROUP_ID_NOT_FOUND', 'no', 'GroupIdNotFoundException', 'The group id does not exist.')],
  [70, row('FETCH_SESSION_ID_NOT_FOUND', 'retry', 'FetchSessionIdNotFoundException', 'The fetch session ID was not found.')],
  [
    71,
    row('INVALID_FETCH_SESSION_EPOCH', 'retry', 'InvalidFetchSessionEpochException', 'The fetch session epoch is invalid.'),
  ],
  [
    72,
    row(
      'LISTENER_NOT_FOUND',
      'refresh',
      'ListenerNotFoundException',
      'There is no listener on the leader broker that matches the listener on which metadata request was processed.',
    ),
  ],
  [73, row('TOPIC_DELETION_DISABLED', 'no', 'TopicDeletionDisabledException', 'Topic deletion is disabled.')],
  [
    74,
    row(
      'FENCED_LEADER_EPOCH',
      'refresh',
      'FencedLeaderEpochException',
      'The leader epoch in the request is older than the epoch on the broker.',
    ),
  ],
  [
    75,
    row(
      'UNKNOWN_LEADER_EPOCH',
      'retry',
      'UnknownLeaderEpochException',
      'The leader epoch in the request is newer than the epoch on the broker.',
    ),
  ],
  [
    76,
    row(
      'UNSUPPORTED_COMPRESSION_TYPE',
      'no',
      'UnsupportedCompressionTypeException',
      'The requesting client does not support the compression type of given partition.',
    ),
  ],
  [77, row('STALE_BROKER_EPOCH', 'no', 'StaleBrokerEpochException', 'Broker epoch has changed.')],
  [
    78,
    row(
      'OFFSET_NOT_AVAILABLE',
      'retry',
      'OffsetNotAvailableException',
      'The leader high watermark has not caught up from a recent leader election so the offsets cannot be ' +
        'guaranteed to be monotonically increasing.',
    ),
  ],
  [
    79,
    row(
      'MEMBER_ID_REQUIRED',
      'no',
      'MemberIdRequiredException',
      'The group member needs to have a valid member id before actually entering a consumer group.',
    ),
  ],
  [
    80,
    row(
      'PREFERRED_LEADER_NOT_AVAILABLE',
      'refresh',
      'PreferredLeaderNotAvailableException',
      'The preferred leader was not available.',
    ),
  ],
  [81, row('GROUP_MAX_SIZE_REACHED', 'no', 'GroupMaxSizeReachedException', 'The consumer group has reached its max size.')],
  [
    82,
    row(
      'FENCED_INSTANCE_ID',
      'no',
      'FencedInstanceIdException',
      'The broker rejected this static consumer since another consumer with the same group.instance.id has ' +
        'registered with a different member.id.',
    ),
  ],
  [
    83,
    row(
      'ELIGIBLE_LEADERS_NOT_AVAILABLE',
      'refresh',
      'EligibleLeadersNotAvailableException',
      'Eligible topic partition leaders are not available.',
    ),
  ],
  [
    84,
    row('ELECTION_NOT_NEEDED', 'refresh', 'ElectionNotNeededException', 'Leader election not needed for topic partition.'),
  ],
  [
    85,
    row(
      'NO_REASSIGNMENT_IN_PROGRESS',
      'no',
      'NoReassignmentInProgressException',
      'No partition reassignment is in progress.',
    ),
  ],
  [
    86,
    row(
      'GROUP_SUBSCRIBED_TO_TOPIC',
      'no',
      'GroupSubscribedToTopicException',
      'Deleting offsets of a topic is forbidden while the consumer group is actively subscribed to it.',
    ),
  ],
  [
    87,
    row(
      'INVALID_RECORD',
      'no',
      'InvalidRecordException',
      'This record has failed the validation on broker and hence will be rejected.',
    ),
  ],
  [
    88,
    row(
      'UNSTABLE_OFFSET_COMMIT',
      'retry',
      'UnstableOffsetCommitException',
      'There are unstable offsets that need to be cleared.',
    ),
  ],
  [
    89,
    row('THROTTLING_QUOTA_EXCEEDED', 'retry', 'ThrottlingQuotaExceededException', 'The throttling quota has been exceeded.'),
  ],
  [
    90,
    row(
      'PRODUCER_FENCED',
      'no',
      'ProducerFencedException',
      'There is a newer producer with the same transactionalId which fences the current one.',
    ),
  ],
  [
    91,
    row(
      'RESOURCE_NOT_FOUND',
      'no',
      'ResourceNotFoundException',
      'A request illegally referred to a resource that does not exist.',
    ),
  ],
  [
    92,
    row(
      'DUPLICATE_RESOURCE',
      'no',
      'DuplicateResourceException',
      'A request illegally referred to the same resource twice.',
    ),
  ],
  [
    93,
    row(
      'UNACCEPTABLE_CREDENTIAL',
      'no',
      'UnacceptableCredentialException',
      'Requested credential would not meet criteria for acceptability.',
    ),
  ],
  [
    94,
    row(
      'INCONSISTENT_VOTER_SET',
      'no',
      'InconsistentVoterSetException',
      'Indicates that the either the sender or recipient of a voter-only request is not one of the expected voters',
    ),
  ],
  [95, row('INVALID_UPDATE_VERSION', 'no', 'InvalidUpdateVersionException', 'The given update version was invalid.')],
  [
    96,
    row(
      'FEATURE_UPDATE_FAILED',
      'no',
      'FeatureUpdateFailedException',
      'Unable to update finalized features due to an unexpected server error.',
    ),
  ],
  [
    97,
    row(
      'PRINCIPAL_DESERIALIZATION_FAILURE',
      'no',
      'PrincipalDeserializationException',
      'Request principal deserialization failed during forwarding. This indicates an internal error on the ' +
        'broker cluster security setup.',
    ),
  ],
  [98, row('SNAPSHOT_NOT_FOUND', 'no', 'SnapshotNotFoundException', 'Requested snapshot was not found')],
  [
    99,
    row(
      'POSITION_OUT_OF_RANGE',
      'no',
      'PositionOutOfRangeException',
      'Requested position is not greater than or equal to zero, and less than the size of the snapshot.',
    ),
  ],
  [100, row('UNKNOWN_TOPIC_ID', 'refresh', 'UnknownTopicIdException', 'This server does not host this topic ID.')],
  [
    101,
    row('DUPLICATE_BROKER_REGISTRATION', 'no', 'DuplicateBrokerRegistrationException', 'This broker ID is already in use.'),
  ],
  [102, row('BROKER_ID_NOT_REGISTERED', 'no', 'BrokerIdNotRegisteredException', 'The given broker ID was not registered.')],
  [
    103,
    row(
      'INCONSISTENT_TOPIC_ID',
      'refresh',
      'InconsistentTopicIdException',
      "The log's topic ID did not match the topic ID in the request",
    ),
  ],
  [
    104,
    row(
      'INCONSISTENT_CLUSTER_ID',
      'no',
      'InconsistentClusterIdException',
      'The clusterId in the request does not match that found on the server',
    ),
  ],
  [
    105,
    row('TRANSACTIONAL_ID_NOT_FOUND', 'no', 'TransactionalIdNotFoundException', 'The transactionalId could not be found'),
  ],
  [
    106,
    row(
      'FETCH_SESSION_TOPIC_ID_ERROR',
      'retry',
      'FetchSessionTopicIdException',
      'The fetch session encountered inconsistent topic ID usage',
    ),
  ],
  [
    107,
    row('INELIGIBLE_REPLICA', 'no', 'IneligibleReplicaException', 'The new ISR contains at least one ineligible replica.'),
  ],
  [
    108,
    row(
      'NEW_LEADER_ELECTED',
      'no',
      'NewLeaderElectedException',
      'The AlterPartition request successfully updated the partition state but the leader has changed.',
    ),
  ],
]);

const UNKNOWN: Row = rows.get(ErrorCode.UNKNOWN_SERVER_ERROR)!;

/**
 * The code's name, as NOT_LEADER_OR_FOLLOWER; a code that 3.4 does not know counts as UNKNOWN_SERVER_ERROR, as it does for
 * Java clients.
 */
export function errorName(code: number): string {
  return (rows.get(code) ?? UNKNOWN).name;
}

/** Kafka's sentence for the code. */
export function errorMessage(code: number): string {
  return (rows.get(code) ?? UNKNOWN).message;
}

/** The Java exception that stands for the code, with its package. */
export function exceptionName(code: number): string {
  return `org.apache.kafka.common.errors.${(rows.get(code) ?? UNKNOWN).exception}`;
}

/** Whether the same request may succeed later. */
export function isRetriable(code: number): boolean {
  return (rows.get(code) ?? UNKNOWN).retriable !== 'no';
}

/** Whether metadata should be fetched before trying again. */
export function needsMetadataRefresh(code: number): boolean {
  return (rows.get(code) ?? UNKNOWN).retriable === 'refresh';
}
