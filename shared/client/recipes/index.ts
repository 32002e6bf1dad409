/** Recipes: what programs build on a coordinator, made of the public client alone. */
export { Barrier } from './barrier.ts';
export { Counter } from './counter.ts';
export { DoubleBarrier } from './double-barrier.ts';
export { GroupMembership } from './group-membership.ts';
export type { Held } from './held.ts';
export type { Candidate } from './leader-election.ts';
export { LeaderElection } from './leader-election.ts';
export { Lock } from './lock.ts';
export type { CachedChild } from './path-cache.ts';
export { PathCache } from './path-cache.ts';
export { Queue } from './queue.ts';
export { ReadWriteLock } from './read-write-lock.ts';
export { Semaphore } from './semaphore.ts';
export type { CachedNode, TreeChange } from './tree-cache.ts';
export { TreeCache } from './tree-cache.ts';
export type { WaitOptions } from './waiting.ts';
