/**
 * Who leads a partition. Each election is a function of the assignment (its order is the order of preference), the ISR and who
 * is alive; null means that nobody may (`kafka.controller.PartitionLeaderElectionAlgorithms`).
 */
export interface Elected {
  leader: number;
  isr: readonly number[];
  /** The leader was not in the ISR: it may lack records that were acknowledged. */
  unclean: boolean;
}

export interface Candidates {
  replicas: readonly number[];
  isr: readonly number[];
  isAlive: (brokerId: number) => boolean;
}

/** A new partition: the first living replica leads, all living ones are in sync, having nothing. */
export function electForNew({ replicas, isAlive }: Omit<Candidates, 'isr'>): Elected | null {
  const alive = replicas.filter(isAlive);
  return alive.length === 0 ? null : { leader: alive[0]!, isr: alive, unclean: false };
}

/** The leader went away: the first living one in the ISR; if there is none and `allowUnclean`, the first living one at all. */
export function electForOffline({ replicas, isr, isAlive }: Candidates, allowUnclean: boolean): Elected | null {
  const leader = replicas.find((id) => isAlive(id) && isr.includes(id));
  if (leader !== undefined) return { leader, isr: isr.filter(isAlive), unclean: false };
  const anyone = allowUnclean ? replicas.find(isAlive) : undefined;
  return anyone === undefined ? null : { leader: anyone, isr: [anyone], unclean: true };
}

/** A reassignment moves on: the first of the target replicas that is alive and in the ISR. */
export function electForReassignment({ replicas, isr, isAlive }: Candidates): Elected | null {
  const leader = replicas.find((id) => isAlive(id) && isr.includes(id));
  return leader === undefined ? null : { leader, isr, unclean: false };
}

/** The preferred leader, if it could lead. */
export function electPreferred({ replicas, isr, isAlive }: Candidates): Elected | null {
  const preferred = replicas[0];
  if (preferred === undefined || !isAlive(preferred) || !isr.includes(preferred)) return null;
  return { leader: preferred, isr, unclean: false };
}

/** Brokers are about to stop: the first that stays and is in the ISR, which loses those that go. */
export function electForControlledShutdown(
  { replicas, isr, isAlive }: Candidates,
  isShuttingDown: (brokerId: number) => boolean,
): Elected | null {
  const leader = replicas.find((id) => isAlive(id) && isr.includes(id) && !isShuttingDown(id));
  return leader === undefined ? null : { leader, isr: isr.filter((id) => !isShuttingDown(id)), unclean: false };
}
