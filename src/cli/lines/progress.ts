/** Says which phase runs: when it is the first to come so far, and now and then how long it has taken. */
import type { Phase, TalkEvent } from '../../session/command.ts'
import { explainDuration } from '../duration.ts'
import { explainPhase } from '../explain.ts'
import { type SafeText, words } from '../safetext.ts'

export class Progress implements Disposable {
  readonly #say: (text: SafeText) => void
  readonly #running = new Map<string, { reached: number; timer: NodeJS.Timeout | undefined }>()

  constructor(say: (text: SafeText) => void) {
    this.#say = say
  }

  hear(event: TalkEvent): void {
    if (event.kind === 'phase') this.#begin(event.buddy, event.phase, event.ms)
    else if (event.kind === 'secured' || event.kind === 'lost' || event.kind === 'refused')
      this.#stop(event.buddy)
  }

  [Symbol.dispose](): void {
    for (const buddy of this.#running.keys()) this.#stop(buddy)
  }

  #begin(buddy: string, phase: Phase, ms: number): void {
    const running = this.#running.get(buddy) ?? { reached: -1, timer: undefined }
    if (running.reached < phases.indexOf(phase)) this.#say(explainPhase(phase, buddy))
    running.reached = Math.max(running.reached, phases.indexOf(phase))
    clearTimeout(running.timer)
    running.timer = this.#remind(running, { buddy, phase, ms, wait: firstReminder })
    this.#running.set(buddy, running)
  }

  #remind(running: { timer: NodeJS.Timeout | undefined }, about: Reminder): NodeJS.Timeout {
    const { buddy, phase, ms, wait } = about
    return setTimeout(() => {
      this.#say(words`still ${explainPhase(phase, buddy)}, ${explainDuration(ms + wait)}`)
      running.timer = this.#remind(running, { buddy, phase, ms: ms + wait, wait: wait * 2 })
    }, wait)
  }

  #stop(buddy: string): void {
    clearTimeout(this.#running.get(buddy)?.timer)
    this.#running.delete(buddy)
  }
}

interface Reminder {
  readonly buddy: string
  readonly phase: Phase
  readonly ms: number
  readonly wait: number
}

const phases: readonly Phase[] = ['looking', 'punching', 'securing']
const firstReminder = 10_000 // ms, then twice as long each time
