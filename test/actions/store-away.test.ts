import { expect, test } from '@jest/globals'
import { act, ACTION, jsonOf, startWithAction } from '../support/actions.ts'
import { allowConnections, DATABASES, withStore } from '../support/databases.ts'

const SORRY = 'Please try again in a minute.'
const NAMES_CLICK = "({ id, data }) => data.text ? { text: 'ok' } : { url: 'https://app.example.com/a?click=' + id }"

test.each(DATABASES.filter((kind) => kind === 'postgres'))(
  'while %s is away, a URL that names the click is 503 or ACTION_FALLBACK_TEXT, and other answers are given',
  async (kind) => {
    for (const [fallback, status, body] of [
      [undefined, 503, { status: '503', message: 'This app cannot take actions just now.' }],
      [SORRY, 200, { text_message: SORRY }],
    ] as const) {
      const store = await withStore(kind)
      const gateway = await startWithAction(NAMES_CLICK, { ...store, ACTION_FALLBACK_TEXT: fallback })
      expect((await act(gateway, ACTION)).status).toBe(200)
      await allowConnections(String(store['DATABASE_URL']), false)
      const named = await act(gateway, ACTION)
      expect([named.status, jsonOf(named)]).toEqual([status, body])
      const text = await act(gateway, { ...ACTION, extra_data: { text: true } })
      expect([text.status, jsonOf(text)]).toEqual([200, { text_message: 'ok' }])
      await allowConnections(String(store['DATABASE_URL']), true)
    }
  },
)
