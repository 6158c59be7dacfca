import * as z from 'zod'

/** What lies sealed of a walk. */
export const contentSchema = z.object({
  scopes: z.array(z.string()),
  style: z.enum(['v1', 'v2']),
  asked: z.object({
    userId: z.string().optional(),
    conversationId: z.string().optional(),
    postToken: z.string().optional(),
    triple: z.object({ userId: z.string(), postToken: z.string(), peerId: z.string() }).optional(),
  }),
  destination: z.object({
    landing: z.string(),
    onDenied: z.string().optional(),
    returnUrl: z.string(),
    click: z.looseObject({ id: z.string() }).optional(),
  }),
  state: z.string(),
  verifier: z.string(),
})
export type Content = z.infer<typeof contentSchema>

/** What lies sealed of an opening that is not the first. */
export const openingSchema = z.object({ verifier: z.string() })
