import { expect, test } from 'vitest'
import { Couple, type Step } from '../edge/couple.ts'

const steps: readonly Step[] = ['bound', 'met', 'introduced']
const moments = steps.flatMap((step) => [false, true].map((isSaved) => ({ step, isSaved })))
const sides = ['inviter', 'accepter'] as const

/** One of them dies, or both, each at a moment of its own. */
const fates = [
  ...sides.flatMap((side) => moments.map((moment) => ({ [side]: moment }))),
  ...moments.flatMap((inviter) => moments.map((accepter) => ({ inviter, accepter }))),
] as { inviter?: (typeof moments)[number]; accepter?: (typeof moments)[number] }[]

test.each(fates.map((fate, i) => [JSON.stringify(fate), fate, i] as const))(
  'both are buddies by one code after %s',
  (_, fate, i) => {
    const couple = new Couple(100 + i)
    for (const side of sides) {
      const moment = fate[side]
      if (moment) couple[side].doom(moment.step, moment.isSaved)
    }
    couple.start()
    // The first to die may keep the other from its own end: a restart does not wait for it.
    const restart = (): void => {
      for (const side of sides) if (!couple[side].running) couple[side].start()
    }
    for (let lives = 0; lives < 3 && !couple.isDone; lives++) {
      couple.until(() => couple.isDone || sides.some((side) => !couple[side].running))
      couple.until(() => couple.isDone, 500)
      restart()
    }
    expect(couple.until(() => couple.isDone)).toBe(true)
    for (const side of sides) {
      expect(couple[side].running?.events('burnt')).toEqual([])
      expect(couple[side].running?.events('asked')).toEqual([])
      expect(couple[side].contents.buddies).toMatchObject([{ trust: 'by-code' }])
    }
  },
)

test.each([
  ['open', 'bound'],
  ['bound', 'open'],
  ['open', 'met'],
  ['met', 'open'],
  ['met', 'met'],
] as const)(
  'the inviter’s vault says “%s”, the accepter’s “%s”: both become buddies all the same',
  (inviter, accepter) => {
    const couple = new Couple(4)
    couple.remember(inviter, accepter)
    couple.start()
    expect(couple.until(() => couple.isDone)).toBe(true)
    for (const { running, contents } of [couple.inviter, couple.accepter]) {
      expect(running?.events('asked')).toEqual([])
      expect(running?.events('verified')).toEqual([])
      expect(contents.buddies[0]?.trust).toBe('by-code')
    }
  },
)
