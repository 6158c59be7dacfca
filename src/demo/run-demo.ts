import { createLogger } from '../observability/log.ts'
import { beginChat, DEMO_KEYS, startDemo, type Demo } from './start-demo.ts'

type DemoPorts = { gateway: number; internal: number; simulator: number; app: number }

/**
 * Runs the demo until `ended` resolves, and prints what to open.
 * @throws the system's error with the code EADDRINUSE when a port is taken
 */
export async function runDemo(ports: DemoPorts, ended: Promise<void>): Promise<void> {
  const demo = await startDemo({ ports, say, log: createLogger('warn') })
  await beginChat(demo)
  say(bannerOf(demo))
  await ended
  await demo.stop()
}

function bannerOf({ simulator, app, gatewayUrl, internalUrl }: Demo): string {
  return `
  Open this in a browser:   ${simulator.url}
  این آدرس را باز کنید     (two phones, one chat: click a button, open the app from the menu, write, or start the bot)

  The documentation:        ${internalUrl}/docs
  مستندات                  (search, code in five languages, and forms that call this gateway)

  The console:              ${internalUrl}/console
  کنسول                    (log in with ${DEMO_KEYS.caller})

  The gateway listens on ${gatewayUrl} for Divar and on ${internalUrl} for your services, a sample app of yours on ${app.url}. Nothing leaves this machine.
  What happens on the wire is listed here and on the page. Events arrive at the app, signed. Ctrl-C ends all three.

Your turn. A click, as Divar sends it:

curl -s ${gatewayUrl}/divar/session -H 'authorization: ${DEMO_KEYS.identification}' -H 'content-type: application/json' \\
  -d '{"post_token":"AZf3Uqr3","user_id":"u1","peer_id":"u2","extra_data":{"provider_data":{"order_id":"B-7"}}}'

A message, as your services send it; it appears on both phones:

curl -s ${internalUrl}/messages -H 'x-api-key: ${DEMO_KEYS.caller}' -H 'x-access-token: ${DEMO_KEYS.userToken}' -H 'content-type: application/json' \\
  -d '{"conversation_id":"${simulator.world.conversationId}","message":"سلام","receiver_btn":{"action":"LINK","data":{"extra_data":{"order_id":"B-7"},"caption":"ادامه"}}}'

An event, as Divar sends it; the app's line about it appears here:

curl -s ${gatewayUrl}/divar/events -H 'authorization: ${DEMO_KEYS.identification}' -H 'content-type: application/json' \\
  -d '{"type":"POST_UPDATE","post_update":{"type":"ARCHIVE","post":{"token":"AZf3Uqr3"}}}'
`
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
