import { expect, test } from '@jest/globals'
import PUBLISHED from '../../src/simulator/published-scopes.json' with { type: 'json' }
import { chatResource } from '../../src/simulator/scopes.ts'
import { ask, completeFlow, linkFor, startConsentGateway } from '../support/consent.ts'
import { parseJson } from '../support/requests.ts'

const MOST = 20

test('a user can consent to every scope that the platform publishes, and the grants hold them all', async () => {
  const gateway = await startConsentGateway()
  const { world } = gateway.divar
  const resources = new Map([
    ['CONVERSATION_SEND_MESSAGE', world.conversationId],
    ['CHAT_MESSAGE_SEND', chatResource(world, 'seller')],
  ])
  const written = PUBLISHED.map((scope) => {
    const [name = '', resource] = scope.split('.')
    return resource === undefined ? name : `${name}.${resources.get(name) ?? world.post.token}`
  })
  for (let first = 0; first < written.length; first += MOST) {
    const link = await linkFor(gateway, written.slice(first, first + MOST), 'seller')
    expect((await completeFlow(link, { side: 'seller' })).status).toBe(303)
  }
  const { text } = await ask(gateway, `/grants?user_id=${encodeURIComponent(world.people.seller.v2Id)}`)
  const granted = JSON.stringify(parseJson(text)['grants'])
  for (const scope of written) expect(granted).toContain(JSON.stringify(scope))
})
