import { createServer } from 'node:http'
import { answerOf, DIVAR_KEY, isKey, PORT } from './shared.mjs'

/** The upper bound: compares the key, parses the body, answers correctly, and does nothing else. */
createServer((request, response) => {
  if (request.url !== '/divar/session' || !isKey(request.headers.authorization, DIVAR_KEY)) {
    response.writeHead(401).end()
    return
  }
  const chunks = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => {
    const body = JSON.stringify(answerOf(JSON.parse(Buffer.concat(chunks).toString())))
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }).end(body)
  })
}).listen(Number(PORT), '127.0.0.1')
