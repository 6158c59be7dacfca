import { expect, test } from '@jest/globals'
import * as z from 'zod'
import { createJudge, readDocument } from '../support/reference.ts'

const examplesSchema = z.record(z.string(), z.object({ value: z.record(z.string(), z.unknown()) }))

test('every body in the document has an example, and every example is valid', async () => {
  const document = await readDocument()
  const judge = createJudge(document)
  let bodies = 0
  for (const [path, methods] of Object.entries(document.paths)) {
    for (const [method, { requestBody }] of Object.entries(methods)) {
      const content = requestBody?.content['application/json']
      if (content === undefined) continue
      for (const [name, { value }] of Object.entries(examplesSchema.parse(content['examples']))) {
        expect([path, name, judge.takes(method, path, value)]).toEqual([path, name, true])
        // Of platform calls only Divar knows the schema.
        if (name in document.components.schemas) expect([name, Object.keys(value).length > 0]).toEqual([name, true])
        bodies += 1
      }
    }
  }
  expect(bodies).toBeGreaterThan(40)
})

test('every parameter of a path has an example that is valid', async () => {
  const { paths, components } = await readDocument()
  for (const [path, methods] of Object.entries(paths)) {
    for (const { parameters } of Object.values(methods)) {
      for (const { $ref, ...own } of parameters) {
        const parameter = $ref === undefined ? own : components.parameters[$ref.slice($ref.lastIndexOf('/') + 1)]
        const { in: place, example, schema } = inPath.parse(parameter)
        if (place !== 'path') continue
        expect([path, example]).toEqual([path, expect.stringMatching(new RegExp(schema?.pattern ?? '.'))])
      }
    }
  }
})

const inPath = z.object({
  in: z.string(),
  example: z.string().optional(),
  schema: z.object({ pattern: z.string().optional() }).optional(),
})
