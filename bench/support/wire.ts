import * as z from 'zod'

/** What the harness and its generator, which is a process of its own, say to each other. */

export const jobSchema = z.object({
  port: z.number(),
  connections: z.number(),
  /** Whole requests, sent in turn. */
  requests: z.array(z.string()).min(1),
  /** Every answer must be a 200 with a body of this length that begins so. */
  expected: z.object({ prefix: z.string(), length: z.number() }),
  seconds: z.number(),
  maxRequests: z.number(),
  /** Requests a second, whether or not answers come; as fast as they come when it is not given. */
  rate: z.number().optional(),
})
export type Job = z.infer<typeof jobSchema>
export type Expected = Job['expected']

export const loadedSchema = z.object({
  kind: z.literal('loaded'),
  answered: z.number(),
  seconds: z.number(),
  /** Milliseconds, from when a request was due. */
  p50: z.number(),
  p99: z.number(),
  /** What reached the platform meanwhile. */
  relayed: z.number(),
})
export type Loaded = z.infer<typeof loadedSchema>

export const reportSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ready'), platformPort: z.number() }),
  loadedSchema,
  z.object({ kind: z.literal('wrong'), reason: z.string() }),
])
export type GeneratorReport = z.infer<typeof reportSchema>
