import { describe, expect, test } from '@jest/globals'
import supertest from 'supertest'
import { DATABASES, withStore } from '../support/databases.ts'
import { KEYS, startTestGateway } from '../support/gateway.ts'
import { V2 } from '../support/messages.ts'
import { send } from '../support/requests.ts'

describe.each(DATABASES)('GET /metrics of a gateway with a %s store', (kind) => {
  test('counts attempts and outcomes, queued messages and rows under older keys', async () => {
    const gateway = await startTestGateway(await withStore(kind))
    await send(gateway, V2).set('prefer', 'respond-async').expect(202)
    await gateway.logged('message.delivered')
    const { text, headers } = await supertest(gateway.url).get('/metrics').set('x-api-key', KEYS.caller).expect(200)
    expect(headers['content-type']).toMatch(/^text\/plain; version=/)
    expect(text).toContain('kenar_outbox_attempts_total{wire="v2",outcome="delivered"} 1\n')
    expect(text).toContain('kenar_outbox_ended_total{wire="v2",state="delivered"} 1\n')
    expect(text).toContain('kenar_store_rows_under_older_keys 0\n')
    expect(Number(/^kenar_store_bytes (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(4096)
    // Without backups there is none that succeeded.
    expect(text).not.toMatch(/^kenar_backup_last_success_timestamp_seconds /m)
    expect(text).toMatch(/^kenar_breaker_state\{host="http:\/\/127\.0\.0\.1:\d+"\} 0$/m)
    expect(text).toMatch(/^process_resident_memory_bytes \d+/m)
  })
})

describe('GET /metrics', () => {
  test('needs a key on a shared port', async () => {
    const gateway = await startTestGateway()
    await supertest(gateway.url).get('/metrics').expect(401)
    await supertest(gateway.url).get('/metrics').set('x-api-key', KEYS.caller).expect(200)
    await supertest(gateway.url).post('/metrics').set('x-api-key', KEYS.caller).expect(405)
  })

  test('needs no key on an internal port, and is absent from the public port', async () => {
    const gateway = await startTestGateway({ INTERNAL_PORT: '0' })
    await supertest(gateway.internalUrl).get('/metrics').expect(200)
    await supertest(gateway.url).get('/metrics').expect(404)
  })
})
