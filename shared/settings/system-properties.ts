/** Java's `-Dkey=value` flags, which operators have in the environment of programs that were Java's: read where we know the keys. */

/** The properties named by `keys` in the flags of the environment's `variables`; later ones win. */
export function systemProperties(env: NodeJS.ProcessEnv, variables: readonly string[], keys: RegExp): Map<string, string> {
  const properties = new Map<string, string>();
  for (const variable of variables) {
    for (const [, key, value] of (env[variable] ?? '').matchAll(/(?:^|\s)-D([^=\s]+)=(\S*)/g)) {
      if (keys.test(key!)) properties.set(key!, value!);
    }
  }
  return properties;
}
