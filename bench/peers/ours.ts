/** Our transport as a peer of the benchmarks, through the program's own driver: see task.ts. */
import { type Run, run } from '../../src/edge/run.ts'
import { parseAddress, splitAddress } from '../../src/wire/address.ts'
import { End, type Told } from './end.ts'
import { profiled } from './profiled.ts'
import { Rounds } from './rounds.ts'
import { asked, type Bulk, type Ping, type Server, say, tellBulk } from './task.ts'

const { task, manner } = asked(process.argv.slice(2))

/** @param onFin - a sink has all */
function serve({ bind, isEcho }: Server, onFin: () => void): void {
  let bytes = 0
  const runner: Run<End> = start(new End(manner), bind, (event, end) => {
    if (event.kind === 'opened') say({ event: 'listening', port: splitAddress(event.at).port })
    if (event.kind === 'gone' && !manner.isProfiled) process.exit() // else it has to tell
    if (event.kind !== 'message') return
    bytes += event.bytes.length
    if (isEcho) runner.act(() => end.send(event.bytes, event.channel))
    else if (begins(event.bytes, 'FIN!')) {
      say({ event: 'fin', bytes })
      runner.act(() => end.send(text.encode('DONE\0\0\0\0'), event.channel))
      onFin()
    }
  })
}

/** Until the other side has all of it. */
function bulk(task: Bulk): Promise<void> {
  const { duration, size } = task
  const message = Uint8Array.from({ length: size }, (_, i) => Math.imul(i, 2_654_435_761) >>> 13)
  let [since, bytes] = [0, 0]
  let isOver = false
  const fill = (end: End): void => {
    since ||= performance.now()
    while (end.room > 0 && !isOver) {
      isOver = performance.now() - since >= duration
      end.send(isOver ? text.encode('FIN!') : message, bulkChannel)
      if (!isOver) bytes += size
    }
  }
  return new Promise((resolve) => {
    const runner = connect(task, (event) => {
      if (event.kind === 'up' || event.kind === 'room') runner.act(fill)
      if (event.kind !== 'message') return
      tellBulk(bytes, since)
      resolve()
    })
  })
}

function ping({ size, ...task }: Ping): void {
  const message = new Uint8Array(size)
  const rounds = new Rounds(task, () => runner.act((end) => end.send(message, 0)))
  const runner = connect(task, ({ kind }) => {
    if (kind === 'up') rounds.next()
    if (kind === 'message') rounds.came()
  })
}

function connect({ host, port }: Bulk | Omit<Ping, 'size'>, onEvent: (event: Told) => void): Run<End> {
  const to = parseAddress(`${host}:${port}`)
  if (to === undefined) throw new Error(`no address ${host}:${port}`)
  return start(new End({ ...manner, to }), '0.0.0.0', (event) => {
    if (event.kind === 'gone') throw new Error('the other side is gone')
    onEvent(event)
  })
}

function start(end: End, bind: string, onEvent: (event: Told, end: End) => void): Run<End> {
  return run(end, { bind: { udp4: bind }, onEvent: (event) => onEvent(event, end) })
}

function begins(bytes: Uint8Array, wanted: string): boolean {
  return Buffer.from(bytes.subarray(0, wanted.length)).toString('latin1') === wanted
}

const text = new TextEncoder()
const bulkChannel = 1

switch (task.kind) {
  case 'server':
    if (manner.isProfiled) await profiled(() => new Promise((resolve) => serve(task, resolve)))
    else serve(task, () => {})
    break
  case 'bulk':
    if (manner.isProfiled) await profiled(() => bulk(task))
    else await bulk(task)
    process.exit()
    break
  case 'ping':
    ping(task)
    break
  default:
    task satisfies never
}
