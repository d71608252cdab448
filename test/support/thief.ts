/** Somebody who stole the discovery secret of a buddy, and has an identity of his own. */
import { randomBytes } from '../../src/crypto.ts'
import { run } from '../../src/edge/run.ts'
import { createClientProfile, profileExpiry } from '../../src/otr/profile.ts'
import { createIdentity, type Identity } from '../../src/profile/identity.ts'
import type { TalkEvent } from '../../src/session/command.ts'
import { Talk } from '../../src/session/talk.ts'
import { contactOf } from '../session/people.ts'
import { address } from './network.ts'

export interface Theft {
  /** Who is looked for, by the name of Ada. */
  readonly of: Identity
  /** Whose discovery secret was stolen. */
  readonly as: Identity
  /** A node on loopback: `127.0.0.1:4000` */
  readonly bootstrap: string
  readonly onEvent?: (event: TalkEvent) => void
}

/** Can be found as `as` on loopback, and no more. */
export function startThief({ of, as, bootstrap, onEvent = () => {} }: Theft): Disposable {
  const { keys } = createIdentity(randomBytes)
  const { instanceTag } = as
  const wall = (now: number): number => Date.now() - performance.now() + now
  const expires = profileExpiry(Date.now())
  const talk = new Talk({
    name: 'thief',
    own: {
      identity: keys,
      instanceTag,
      selves: [as],
      clientProfile: () => createClientProfile({ identity: keys, instanceTag, expires }),
    },
    random: randomBytes,
    wall,
    dht: { mode: 'client', bootstrap: [address(bootstrap)], saved: [] },
    place: { hosts: ['127.0.0.1'], families: ['udp4'] },
    lan: false,
    stun: false,
    loopback: true,
    now: performance.now(),
  })
  const contact = contactOf({ alias: 'ada', identity: of })
  talk.know({ whom: { kind: 'known', contact }, invite: undefined, isStrange: false })
  const running = run(talk, { onEvent, bind: { udp4: '127.0.0.1' } })
  running.act((talk) => {
    talk.act({ kind: 'open', buddy: 'ada' }, performance.now())
    talk.act({ kind: 'say', buddy: 'ada', id: '0123456789abcdef', text: 'I am Bob' }, performance.now())
  })
  return running
}
