import bolt from '@slack/bolt'
import { answerOf, DIVAR_KEY, PORT } from './shared.mjs'

/**
 * Bolt's HTTP receiver: it reads the body, checks the signature and keeps Slack's deadline. The App behind it only knows Slack's own payloads,
 * so it is left out, in Bolt's favour.
 */
const receiver = new bolt.HTTPReceiver({
  signingSecret: DIVAR_KEY,
  endpoints: '/divar/session',
  logLevel: bolt.LogLevel.ERROR,
})
receiver.init({
  processEvent: async ({ body, ack }) => {
    await ack(answerOf(body))
  },
})
await receiver.start({ port: Number(PORT), host: '127.0.0.1' })
