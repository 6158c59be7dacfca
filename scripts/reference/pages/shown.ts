import * as z from 'zod'

/** The parts of the OpenAPI document that the pages show. */

const example = z.object({ value: z.record(z.string(), z.unknown()) })
const content = z.record(
  z.string(),
  z.object({ schema: z.unknown(), examples: z.record(z.string(), example).optional() }),
)
export const reference = z.object({ $ref: z.string() })
const parameter = z.object({
  name: z.string(),
  in: z.string(),
  description: z.string().optional(),
  schema: z.unknown(),
  example: z.string().optional(),
})

const operation = z.object({
  operationId: z.string(),
  tags: z.array(z.string()),
  summary: z.string(),
  description: z.string().optional(),
  security: z.array(
    z.object({ gatewayKey: z.array(z.string()).optional(), identificationKey: z.array(z.string()).optional() }),
  ),
  parameters: z.array(z.union([reference, parameter])),
  requestBody: z.object({ content }).optional(),
  responses: z.record(
    z.string(),
    z.union([
      reference,
      z.object({
        description: z.string(),
        headers: z.record(z.string(), reference),
        content: content.optional(),
        'x-codes': z.array(z.string()).optional(),
      }),
    ]),
  ),
})

const parameters = z.record(z.string(), parameter)

export const shownDocument = z.object({
  info: z.object({ version: z.string() }),
  tags: z.array(z.object({ name: z.string(), description: z.string() })),
  paths: z.record(z.string(), z.record(z.string(), operation)),
  webhooks: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({
    schemas: z.record(z.string(), z.unknown()),
    parameters,
    securitySchemes: z.record(z.string(), z.object({ description: z.string() })),
  }),
  'x-problems': z.record(z.string(), z.object({ status: z.int(), title: z.string() })),
})

export type ShownParameters = z.infer<typeof parameters>
export type ShownOperation = z.infer<typeof operation> & { path: string; method: string }
/** The routes of one section, which have a page together. */
export type Group = { page: string; section: string; title: string; operations: readonly ShownOperation[] }
