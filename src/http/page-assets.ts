import type { Response } from 'express'
import * as z from 'zod'
import { Fault } from '../base/fault.ts'

/** By name; a map has no names of its own. */
export const named = <Value extends z.ZodType>(value: Value) =>
  z.record(z.string(), value).transform((values) => new Map(Object.entries(values)))

/** The files that a page fetches, by name. */
export const assetsSchema = named(
  z.object({ type: z.string(), encoding: z.enum(['utf8', 'base64']), body: z.string() }),
)
export type Assets = z.input<typeof assetsSchema>

/** @throws Fault `not_found` */
export function sendAsset(response: Response, assets: z.output<typeof assetsSchema>, name: string): void {
  const asset = assets.get(name)
  if (asset === undefined) throw new Fault('not_found', 'path: expected a file of the page')
  response.set('content-type', asset.type)
  // A font that is fetched anew for each page appears late.
  if (asset.encoding === 'base64') response.set('cache-control', 'private, max-age=86400')
  response.end(Buffer.from(asset.body, asset.encoding))
}
