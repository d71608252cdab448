/** The variables of the environment, but for those that stand for an option: `variableOf`. */
export const variables: readonly (readonly [name: string, description: string])[] = [
  ['OTRTALK_HOME', 'one folder for all profiles; else that of the system for data'],
  ['NO_COLOR, FORCE_COLOR', 'no colours; or colours (FORCE_COLOR=1) also where they are not expected'],
]

/** `--no-dht` is OTRTALK_NO_DHT. */
export const variableOf = (flag: string): string =>
  `OTRTALK_${flag.replace(/^--/, '').replaceAll('-', '_').toUpperCase()}`
