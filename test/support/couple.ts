/** Ada and Bob of one test file: made before its first test, gone after its last. */
import { afterAll, beforeAll } from 'vitest'
import { adaAndBob, type Two } from './people.ts'

/** To be read within tests and hooks only. */
export function coupleOfFile(): Pick<Two, 'ada' | 'bob'> {
  let made: Two | undefined
  beforeAll(async () => {
    made = await adaAndBob()
  })
  afterAll(() => made?.[Symbol.asyncDispose]())
  const person = (name: 'ada' | 'bob'): Two['ada'] => ({
    get home() {
      return of(made)[name].home
    },
    get env() {
      return of(made)[name].env ?? {}
    },
  })
  return { ada: person('ada'), bob: person('bob') }
}

function of(made: Two | undefined): Two {
  if (made) return made
  throw new Error('nobody is there before the first test')
}
