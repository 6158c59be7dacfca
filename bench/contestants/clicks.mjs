import * as z from 'zod'

const party = z.object({ id: z.string().max(128).nullish() })

/** A click as an app would check it with zod. */
export const clickSchema = z.object({
  post_token: z.string().min(1).max(64),
  user_id: z.string().min(1).max(128),
  peer_id: z.string().min(1).max(128),
  Supplier: party.nullish(),
  demand: party.nullish(),
  callback_url: z.string().max(2048).nullish(),
  extra_data: z.object({
    provider_data: z.looseObject({ order_id: z.string() }),
    location: z.object({ latitude: z.number().min(-90).max(90), longitude: z.number().min(-180).max(180) }).nullish(),
  }),
})
