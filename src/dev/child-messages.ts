import * as z from 'zod'

/** From the parent process to the process of the gateway, over Node's IPC channel. */
export const orderShape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('start'), environment: z.record(z.string(), z.string()) }),
  z.object({ kind: z.literal('stop') }),
])
export type Order = z.infer<typeof orderShape>

/** From the process of the gateway to its parent. */
export const reportShape = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('started') }),
  /** `lines`: more of the reason, such as the source line of a syntax error. */
  z.object({ kind: z.literal('not_started'), reason: z.string(), lines: z.array(z.string()) }),
  z.object({
    kind: z.literal('called'),
    wire: z.enum(['v1', 'v2']),
    clickId: z.string(),
    /** JSON, as the function got it. */
    asked: z.string(),
    /** JSON; absent when it threw, or was late. */
    answer: z.string().optional(),
    /** Why there is no usable answer, in one line, and with the stack of what was thrown. */
    error: z.object({ reason: z.string(), whole: z.string() }).optional(),
    ms: z.number(),
  }),
  /** A line of the gateway's log, JSON. */
  z.object({ kind: z.literal('log'), line: z.string() }),
])
export type Report = z.infer<typeof reportShape>
export type CalledReport = Extract<Report, { kind: 'called' }>
