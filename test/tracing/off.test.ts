import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import type { Environment } from '../../src/config/config.ts'
import { startCollector } from '../support/collector.ts'
import { newFolder } from '../support/databases.ts'
import { environment, KEYS } from '../support/gateway.ts'
import { spawnGateway } from '../support/process.ts'
import { CLICK } from '../support/requests.ts'

/** Tells of every module that a process loads. */
const WATCH = `
import { registerHooks } from 'node:module'
import { appendFileSync } from 'node:fs'
registerHooks({
  load: (url, context, next) => {
    appendFileSync(import.meta.filename + '.log', url + '\\n')
    return next(url, context)
  },
})
`

/** The modules that the program loads by the time that it has answered a click. */
async function loadedBy(more: Environment): Promise<string[]> {
  const watch = join(await newFolder(), 'watch.mjs')
  await writeFile(watch, WATCH)
  const gateway = spawnGateway({ ...environment(), ...more, NODE_OPTIONS: `--import ${watch}` })
  const port = await gateway.started
  const answer = await fetch(`http://127.0.0.1:${port}/divar/session`, {
    method: 'POST',
    headers: { authorization: KEYS.identification, 'content-type': 'application/json' },
    body: JSON.stringify(CLICK),
  })
  expect(answer.status).toBe(200)
  gateway.kill('SIGTERM')
  expect(await gateway.exited).toBe(0)
  return (await readFile(`${watch}.log`, 'utf8')).split('\n').filter(Boolean)
}

const isOfTracing = (url: string) => url.includes('/@opentelemetry/') || url.includes('/src/tracing/')

test('without OTEL_EXPORTER_OTLP_ENDPOINT no module of OpenTelemetry is loaded', async () => {
  const loaded = await loadedBy({})
  expect(loaded.length).toBeGreaterThan(100)
  expect(loaded.filter(isOfTracing)).toEqual([])
})

test('with it they are loaded, and the program sends its last spans before it ends', async () => {
  const collector = await startCollector()
  const loaded = await loadedBy({ OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/otlp/` })
  expect(loaded.filter(isOfTracing).length).toBeGreaterThan(10)
  expect(collector.spans().map(({ name }) => name)).toEqual(['POST /divar/session'])
  expect(collector.paths()).toEqual(['/otlp/v1/traces'])
})
