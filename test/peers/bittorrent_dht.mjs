// N nodes of bittorrent-dht on 127.0.0.1 … 127.0.0.N, one process: prints their addresses
// as a line of JSON once each knows some others, and ends with its standard input.
import { createPublicKey, verify } from 'node:crypto'
import DHT from 'bittorrent-dht'

const count = Number(process.argv[2])
const spki = Buffer.from('302a300506032b6570032100', 'hex')
const isGenuine = (signature, message, key) =>
  verify(
    null,
    message,
    createPublicKey({ key: Buffer.concat([spki, key]), format: 'der', type: 'spki' }),
    signature,
  )

const nodes = []
for (let i = 1; i <= count; i++) {
  const bootstrap = nodes.slice(0, 3).map((node) => `${node.address().address}:${node.address().port}`)
  const node = new DHT({ bootstrap: bootstrap.length > 0 ? bootstrap : false, verify: isGenuine })
  await new Promise((resolve) => node.listen(0, `127.0.0.${i}`, resolve))
  nodes.push(node)
}
for (let round = 0; round < 3; round++) {
  await Promise.all(nodes.map((node) => new Promise((resolve) => node.lookup(node.nodeId, resolve))))
}
console.log(JSON.stringify(nodes.map((node) => `${node.address().address}:${node.address().port}`)))
process.stdin.on('end', () => process.exit()).resume()
