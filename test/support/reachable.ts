/**
 * What a value holds in memory, private fields and the variables of its closures included: for tests of what must
 * not be there any more.
 */
import { type Runtime, Session } from 'node:inspector'

/** Every array of octets that can be reached from `value`. */
export function reachableOctets(value: object): readonly Uint8Array[] {
  using walk = new Walk()
  return walk.from(value)
}

class Walk implements Disposable {
  readonly #session = new Session()
  readonly #seen = new Set<unknown>()
  readonly #found: Uint8Array[] = []

  constructor() {
    this.#session.connect()
  }

  [Symbol.dispose](): void {
    this.#session.disconnect()
    Reflect.deleteProperty(globalThis, door)
  }

  from(value: object): readonly Uint8Array[] {
    const visit = (item: unknown): boolean => {
      if (this.#seen.has(item)) return false
      this.#seen.add(item)
      if (item instanceof Uint8Array) this.#found.push(item)
      return !ArrayBuffer.isView(item)
    }
    Reflect.set(globalThis, door, { visit, value })
    this.#object(this.#ask('Runtime.evaluate', { expression: `${door}.value` }).result)
    return this.#found
  }

  #object({ objectId, type }: Runtime.RemoteObject): void {
    if (objectId === undefined) return
    const functionDeclaration = `function () { return globalThis.${door}.visit(this) }`
    if (!this.#ask('Runtime.callFunctionOn', { objectId, functionDeclaration }).result.value) return
    const properties = this.#ask('Runtime.getProperties', { objectId, ownProperties: true })
    if (type === 'function') {
      const scopes = properties.internalProperties?.find(({ name }) => name === '[[Scopes]]')?.value
      if (scopes) this.#scopes(scopes)
      return
    }
    const inner = properties.internalProperties?.filter(({ name }) => name === '[[Entries]]') ?? []
    for (const { value } of [...properties.result, ...(properties.privateProperties ?? []), ...inner])
      if (value) this.#object(value)
  }

  /** A module is a closure, too: only the octets that its variables are, not all that they lead to. */
  #scopes({ objectId }: Runtime.RemoteObject): void {
    for (const { value: scope } of this.#own(objectId)) {
      if (!scope?.description?.startsWith('Closure')) continue
      for (const { value } of this.#own(scope.objectId))
        if (value?.subtype === 'typedarray') this.#object(value)
    }
  }

  #own(objectId: string | undefined): readonly Runtime.PropertyDescriptor[] {
    if (objectId === undefined) return []
    return this.#ask('Runtime.getProperties', { objectId, ownProperties: true }).result
  }

  /** Answers come before `post` returns: it is this thread that is asked. */
  #ask(method: 'Runtime.evaluate', options: Runtime.EvaluateParameterType): Runtime.EvaluateReturnType
  #ask(
    method: 'Runtime.callFunctionOn',
    options: Runtime.CallFunctionOnParameterType,
  ): Runtime.CallFunctionOnReturnType
  #ask(method: 'Runtime.getProperties', options: Runtime.GetPropertiesParameterType): Properties
  #ask(method: string, options: object): unknown {
    let answer: unknown
    this.#session.post(method, options, (error, result) => {
      if (error) throw error
      answer = result
    })
    return answer
  }
}

/** With what the types of node leave out. */
type Properties = Runtime.GetPropertiesReturnType & {
  readonly privateProperties?: readonly { readonly name: string; readonly value?: Runtime.RemoteObject }[]
}

const door = '__reachable'
