import { createServer } from 'node:http'
import { Pool } from 'undici'
import { CALLER_KEY, isKey, pathOf, PLATFORM_KEY, PLATFORM_URL, PORT } from './shared.mjs'

/** The upper bound of a relay: compares the key, parses the body, and passes the platform's answer on as it is. */
const pool = new Pool(PLATFORM_URL, { connections: 128, pipelining: 1 })

createServer((request, response) => {
  if (!isKey(request.headers['x-api-key'], CALLER_KEY)) {
    response.writeHead(401).end()
    return
  }
  relay(request, response).catch(() => response.destroy())
}).listen(Number(PORT), '127.0.0.1')

async function relay(request, response) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  const { conversation_id, ...message } = JSON.parse(Buffer.concat(chunks).toString())
  const { statusCode, body } = await pool.request({
    method: 'POST',
    path: pathOf(conversation_id),
    headers: {
      'content-type': 'application/json',
      'x-api-key': PLATFORM_KEY,
      authorization: request.headers.authorization,
    },
    body: JSON.stringify(message),
  })
  const answer = Buffer.from(await body.arrayBuffer())
  response.writeHead(statusCode, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer)
}
