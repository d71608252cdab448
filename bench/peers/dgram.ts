/** Node's UDP sockets alone as a peer of the benchmarks: what is lost is sent again after a while. See task.ts. */
import { createSocket } from 'node:dgram'
import { Rounds } from './rounds.ts'
import { asked, type Ping, type Server, say } from './task.ts'

const { task } = asked(process.argv.slice(2))
const socket = createSocket('udp4')
if (task.kind === 'server') serve(task)
else if (task.kind === 'ping') ping(task)
else throw new Error('a datagram is sent and comes back, no more')

function serve({ bind }: Server): void {
  socket.on('message', (bytes, { port, address }) => socket.send(bytes, port, address))
  socket.bind(0, bind, () => say({ event: 'listening', port: socket.address().port }))
}

function ping({ host, port, size, ...task }: Ping): void {
  const message = Buffer.alloc(size)
  const send = (): void => socket.send(message, port, host)
  let sentAt = 0
  const rounds = new Rounds(task, () => {
    sentAt = performance.now()
    send()
  })
  socket.on('message', () => rounds.came())
  socket.bind(0, () => rounds.next())
  setInterval(() => {
    if (performance.now() - sentAt > longest) send()
  }, longest)
}

const longest = 3_000 // ms
