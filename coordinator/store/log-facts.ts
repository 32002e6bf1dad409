/** Names of the small facts that lie with the log and that more than one part of the server knows. */

/** The epochs that a member of an ensemble promised and took up. */
export const EPOCHS = { accepted: 'accepted-epoch', current: 'current-epoch' } as const;
