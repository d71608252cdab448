/** Runs on a host of a lab: which of some hosts the program may send to, and how it would bind, as JSON. */
import { chooseNetwork, type Lan } from '../../src/edge/network.ts'

const [name, lan, ...hosts] = process.argv.slice(2)
const { run, allows, facts } = bound(
  chooseNetwork({
    interface: name === '-' ? undefined : name,
    port: undefined,
    bootstrap: [],
    dht: true,
    lan: lanOf(lan),
    portmap: true,
    stun: [],
  }),
)
const bind = typeof run.bind === 'function' ? run.bind('udp6') : run.bind
console.log(JSON.stringify({ allowed: hosts.filter(allows), bind, facts: facts() }))

function bound(network: ReturnType<typeof chooseNetwork>) {
  const { run } = network
  return { run, allows: (host: string) => network.allows(host), facts: () => network.facts() }
}

function lanOf(text: string | undefined): Lan {
  if (text === 'also' || text === 'only' || text === 'off') return text
  throw new Error(`no such --lan: ${text}`)
}
