/** Who listens to what. A callback that throws must not leave the session half told: its error surfaces as the program's own. */

/** @typeParam E maps the name of an event to what its listeners are told. */
export class Listeners<E> {
  private readonly byEvent: { [K in keyof E]?: Set<(argument: E[K]) => void> } = {};

  /** Adds a listener; the returned function takes it off again. */
  on<K extends keyof E>(event: K, listener: (argument: E[K]) => void): () => void {
    const listeners = (this.byEvent[event] ??= new Set());
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  emit<K extends keyof E>(event: K, argument: E[K]): void {
    // A copy: a listener may take itself, or others, off.
    for (const listener of [...(this.byEvent[event] ?? [])]) callSafely(listener, argument);
  }
}

/** Calls `callback`; what it throws is thrown again outside of our hands, where it is an uncaught exception. */
export function callSafely<T>(callback: (argument: T) => void, argument: T): void {
  try {
    callback(argument);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
