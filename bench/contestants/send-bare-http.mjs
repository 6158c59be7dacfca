import { Agent, createServer, request as ask } from 'node:http'
import { CALLER_KEY, isKey, pathOf, PLATFORM_KEY, PLATFORM_URL, PORT, readAll } from './shared.mjs'

/** The same relay with what Node itself has. */
const agent = new Agent({ keepAlive: true, maxSockets: 128 })

createServer((request, response) => {
  if (!isKey(request.headers['x-api-key'], CALLER_KEY)) {
    response.writeHead(401).end()
    return
  }
  relay(request, response).catch(() => response.destroy())
}).listen(Number(PORT), '127.0.0.1')

async function relay(request, response) {
  const { conversation_id, ...message } = JSON.parse((await readAll(request)).toString())
  const { status, body } = await post(pathOf(conversation_id), JSON.stringify(message), request.headers.authorization)
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': body.length }).end(body)
}

function post(path, body, authorization) {
  return new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'x-api-key': PLATFORM_KEY,
      authorization,
    }
    ask(`${PLATFORM_URL}${path}`, { method: 'POST', agent, headers }, (answer) => {
      readAll(answer).then((read) => resolve({ status: answer.statusCode, body: read }), reject)
    })
      .once('error', reject)
      .end(body)
  })
}
