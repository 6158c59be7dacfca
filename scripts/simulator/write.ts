/**
 * Makes what the simulator answers from the OpenAPI document that the platform publishes:
 *   node scripts/simulator/write.ts openapi-v3.json
 */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod'
import { exampleOf } from './example.ts'

const MEDIA = 'application/json'
const operationShape = z.looseObject({
  requestBody: z.unknown().optional(),
  security: z.array(z.record(z.string(), z.array(z.string()))).optional(),
  responses: z.looseObject({
    '200': z.looseObject({ content: z.record(z.string(), z.looseObject({ schema: z.unknown() })).optional() }),
  }),
})
const documentShape = z.looseObject({
  paths: z.record(z.string(), z.record(z.string(), operationShape)),
  components: z.looseObject({ schemas: z.record(z.string(), z.unknown()) }),
})

const [file = ''] = process.argv.slice(2)
const { paths, components } = documentShape.parse(JSON.parse(await readFile(file, 'utf8')))
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, { requestBody, security = [], responses }]) => ({
    method: method.toUpperCase(),
    path,
    /** Any one of them is enough. */
    scopes: security.flatMap(({ OAuth = [] }) => OAuth),
    body: requestBody !== undefined,
    answer: exampleOf(responses['200'].content?.[MEDIA]?.schema, components.schemas),
  })),
)
const lines = operations.map((operation) => JSON.stringify(operation))
await writeFile(join(import.meta.dirname, '../../src/simulator/operations.json'), `[\n${lines.join(',\n')}\n]\n`)
