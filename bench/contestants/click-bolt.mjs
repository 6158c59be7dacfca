import bolt from '@slack/bolt'
import { answerOf, DIVAR_KEY, PORT } from './shared.mjs'

/**
 * Slack's own toolkit for calls of the same kind. Its receiver alone, which reads the body, checks the signature and keeps the deadline; the
 * App behind it, which a click of Divar's would not get through, is left out in Bolt's favour.
 */
const Receiver = { http: bolt.HTTPReceiver, express: bolt.ExpressReceiver }[process.argv[2]]
const receiver = new Receiver({ signingSecret: DIVAR_KEY, endpoints: '/divar/session', logLevel: bolt.LogLevel.ERROR })
receiver.init({
  processEvent: async ({ body, ack }) => {
    await ack(answerOf(body))
  },
})
await receiver.start({ port: Number(PORT), host: '127.0.0.1' })
