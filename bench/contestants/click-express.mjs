import express from 'express'
import helmet from 'helmet'
import { pinoHttp } from 'pino-http'
import { clickSchema } from './clicks.mjs'
import { answerOf, DIVAR_KEY, isKey, PORT } from './shared.mjs'

/** What most would write: Express with the usual four, as their documentation has them. The log goes where ours goes. */
const app = express()
app.use(pinoHttp())
app.use(helmet())
app.use((request, response, next) => {
  if (isKey(request.get('authorization'), DIVAR_KEY)) next()
  else response.status(401).end()
})
app.post('/divar/session', express.json(), (request, response) => {
  response.json(answerOf(clickSchema.parse(request.body)))
})
app.listen(Number(PORT), '127.0.0.1')
