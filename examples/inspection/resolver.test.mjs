/** Run with `node --test` after the gateway's package is installed (here: built). Jest, Vitest and CommonJS work too: docs/testing.md. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clickV1, clickV2, runResolver } from 'kenar-chat-gateway/testing'
import resolve from './resolver.mjs'

const allowedOrigins = ['https://inspect.example.com']
const landingOf = async (click) => (await runResolver(resolve, click, { allowedOrigins })).url

test('the menu opens the welcome page', async () => {
  assert.equal(await landingOf(clickV1({ extra_data: undefined })), 'https://inspect.example.com/welcome?as=buyer')
})

test('a button opens its order, in both API versions', async () => {
  const url = 'https://inspect.example.com/order?id=A-1029&as=buyer'
  assert.equal(await landingOf(clickV1()), url)
  assert.equal(await landingOf(clickV2()), url)
})

test('a location opens a booking there', async () => {
  const click = clickV1({ extra_data: { location: { latitude: 35.7, longitude: 51.4 } } })
  assert.equal(await landingOf(click), 'https://inspect.example.com/book?at=35.7%2C51.4&as=buyer')
})

test('the user stays on our site, whatever data a button has', async () => {
  for (const order_id of ['//evil.example', '..', 'javascript:alert(1)', 7]) {
    assert.match(await landingOf(clickV2({ extra_data: { order_id } })), /^https:\/\/inspect\.example\.com\/order\?/)
  }
})
