/** What is kept under one key is under another from here on. */
export function moveKey<Key, Value>(map: Map<Key, Value>, from: Key, to: Key): void {
  const value = map.get(from)
  if (value === undefined || from === to) return
  map.delete(from)
  map.set(to, value)
}
