/** Ctrl-C and kill as a wish to stop: the tool finishes what it began. A second one ends it. */
const STATUS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Calls `stop` at the first signal. Returns what undoes this. */
export function onStopSignals(stop: () => void): () => void {
  let stopping = false;
  const listeners = (Object.keys(STATUS) as (keyof typeof STATUS)[]).map((signal) => {
    const listener = (): void => {
      if (stopping) process.exit(STATUS[signal]);
      stopping = true;
      process.exitCode = STATUS[signal];
      stop();
    };
    process.on(signal, listener);
    return () => process.removeListener(signal, listener);
  });
  return () => listeners.forEach((release) => release());
}
