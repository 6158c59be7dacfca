/** Run with `node --test` after the gateway's package is installed (here: built). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actionRequest, runAction } from 'kenar-chat-gateway/testing'
import { dynamicAction } from './resolver.mjs'

const answer = (extra_data) =>
  runAction(dynamicAction, actionRequest({ extra_data }), { allowedOrigins: 'https://inspect.example.com' })

test('a question for the price is answered in the chat', async () => {
  assert.deepEqual(await answer({ ask: 'price' }), { text: 'An inspection costs 450,000 tomans.' })
})

test('a report opens, with a text', async () => {
  assert.deepEqual(await answer({ ask: 'report', order_id: 'A-1029' }), {
    url: 'https://inspect.example.com/order?id=A-1029',
    text: 'Here is the report.',
  })
})

test('a booking begins a click with its data', async () => {
  assert.deepEqual(await answer({ ask: 'book' }), { data: { order_id: 'new', as: 'demand' } })
})
