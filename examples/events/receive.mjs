// Receives the gateway's events. Node 20 or newer, standard library alone. README.md says how to run it.
import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto'
import { link, mkdir, open, unlink } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'

const MAX_BYTES = 1024 * 1024
const TOLERANCE_S = 5 * 60

// Two while the secret rotates, separated by a comma.
const KEYS = (process.env.EVENTS_SECRET ?? '').split(',').map(readKey)
const FOLDER = process.env.EVENTS_FOLDER ?? 'events'
const PORT = Number(process.env.PORT ?? 8090)

function readKey(secret) {
  const [, encoded] = /^\s*whsec_([A-Za-z0-9+/]{32,}={0,2})\s*$/.exec(secret) ?? []
  if (encoded === undefined) throw new Error('EVENTS_SECRET: expected whsec_ and base64, as the gateway has it')
  return Buffer.from(encoded, 'base64')
}

/**
 * Why the request is refused; undefined if it is accepted. The id becomes a file's name, so its form is checked too.
 * `body` is the bytes as they came, before any parsing.
 */
function findProblem(id, timestamp, signatures, body) {
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(id)) return 'webhook-id is missing or malformed'
  if (!/^[0-9]{1,12}$/.test(timestamp)) return 'webhook-timestamp is missing or malformed'
  if (Math.abs(Math.floor(Date.now() / 1000) - Number(timestamp)) > TOLERANCE_S)
    return 'webhook-timestamp is more than 5 minutes off'
  const expected = KEYS.map((key) =>
    Buffer.from(`v1,${createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')}`),
  )
  const given = signatures.split(' ').map((one) => Buffer.from(one))
  const fits = expected.some((right) => given.some((one) => one.length === right.length && timingSafeEqual(one, right)))
  return fits ? undefined : 'no signature fits the body and EVENTS_SECRET'
}

function refuse(status, why) {
  process.stderr.write(`refused: ${why}\n`)
  return status
}

/** False if it is stored already. The name appears once the file is complete, so that a crash leaves no half event. */
async function store(id, body) {
  const draft = join(FOLDER, `.${randomUUID()}`)
  const file = await open(draft, 'wx')
  try {
    await file.writeFile(body)
    await file.sync()
    await link(draft, join(FOLDER, `${id}.json`))
    return true
  } catch (error) {
    if (error.code === 'EEXIST') return false
    throw error
  } finally {
    await file.close()
    await unlink(draft)
  }
}

async function receive(request) {
  const chunks = []
  let bytes = 0
  for await (const chunk of request) {
    bytes += chunk.length
    if (bytes > MAX_BYTES) return refuse(413, 'the body is longer than 1 MiB')
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks)
  const header = (name) => request.headers[name] ?? ''
  const id = header('webhook-id')
  const problem = findProblem(id, header('webhook-timestamp'), header('webhook-signature'), body)
  if (problem !== undefined) return refuse(401, problem)
  const isNew = await store(id, body)
  process.stdout.write(`${id} ${JSON.parse(body.toString()).type} ${isNew ? 'stored' : 'seen'}\n`)
  return 204
}

const server = createServer((request, response) => {
  receive(request)
    .catch((error) => {
      process.stderr.write(`${error.stack}\n`)
      return 500 // the gateway tries again
    })
    .then((status) => response.writeHead(status).end())
})
server.requestTimeout = 10_000

await mkdir(FOLDER, { mode: 0o700, recursive: true })
server.listen(PORT, '127.0.0.1', () => process.stdout.write(`listening on http://127.0.0.1:${PORT}\n`))
