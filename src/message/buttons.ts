import * as z from 'zod'
import { readWebAddress } from '../base/address.ts'
import { requiredId, requiredText } from '../base/fields.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import type { Action, Button, ButtonGrid } from './message.ts'

/** What both wires' messages are made of. Every error names what was expected and nothing of what came. */

/** More than blanks, control and format characters (a lone zero-width non-joiner), marks on nothing, and letters that show nothing. */
const VISIBLE = /[^\s\p{Cc}\p{Cf}\p{M}\u2800\u3164\u115f\u1160\uffa0]/u

export const visibleText = z
  .string({ error: 'expected a string' })
  .regex(VISIBLE, { error: 'expected a text that is not blank' })

/** Absent, null and empty mean the same. The platform's list of names grows, so any name goes. */
export const optionalIcon = z
  .string({ error: 'expected the name of an icon' })
  .max(128, { error: 'expected the name of an icon' })
  .nullish()
  .transform((name) => (name === null || name === '' ? undefined : name))

const linkError = 'expected an absolute http(s) address of at most 4096 characters, without blanks and credentials'

/** Checked, and sent on as it was written. */
export const link = z
  .string({ error: linkError })
  .max(4096, { error: linkError })
  .refine((text) => readWebAddress(text) !== undefined, { error: linkError })

/** Kept as it came: copying it would be a chance to lose a key. */
export const anyObject = z
  .custom<JsonObject>(isJsonObject, { error: 'expected an object' })
  .superRefine((object, context) => {
    const path = findInexactInteger(object, [])
    if (path === undefined) return
    const message = 'expected integers within ±(2^53-1); send a larger one as a string'
    context.addIssue({ code: 'custom', path, message })
  })

/** Where the first integer stands that a double cannot hold: it would arrive with other digits. */
function findInexactInteger(value: unknown, path: PropertyKey[]): PropertyKey[] | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value) ? path : undefined
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, member] of Object.entries(value)) {
    const found = findInexactInteger(member, [...path, key])
    if (found !== undefined) return found
  }
  return undefined
}

/**
 * A v1 button as a domain button. A known client sends `direct_link` and `extra_data` both, whatever the action: only the one that the
 * action names is read.
 */
export const buttonV1 = z
  .discriminatedUnion(
    'action',
    [
      z.object({
        action: z.literal('LINK'),
        data: z.object(
          { icon_name: optionalIcon, extra_data: anyObject, caption: visibleText },
          { error: 'expected an object with extra_data and caption' },
        ),
      }),
      z.object({
        action: z.literal('DIRECT_LINK'),
        data: z.object(
          { icon_name: optionalIcon, direct_link: link, caption: visibleText },
          { error: 'expected an object with direct_link and caption' },
        ),
      }),
    ],
    { error: 'expected a button with action LINK or DIRECT_LINK' },
  )
  .transform((button): Button => {
    const { icon_name: icon, caption } = button.data
    const action: Action =
      button.action === 'LINK'
        ? { kind: 'open_server_link', data: button.data.extra_data }
        : { kind: 'open_direct_link', url: button.data.direct_link }
    return { action, ...(icon !== undefined && { icon }), caption }
  })

const MAX_SIDE = 3

/** The published schema requires no `data`. */
const withData = z.object({ data: anyObject.nullish() }, { error: 'expected an object with data, or an empty one' })
const withPost = (postToken: z.ZodString) =>
  z.object({ post_token: postToken }, { error: 'expected an object with post_token' })

/** Compiled one by one: a button's own schema runs them from inside a transform, where it does not see them. */
const actionsWith = (postToken: z.ZodString) =>
  new Map<string, z.ZodType<Action>>([
    ['open_direct_link', z.compile(link.transform((url) => ({ kind: 'open_direct_link', url })))],
    ['open_server_link', z.compile(withData.transform(({ data }) => ({ kind: 'open_server_link', data: data ?? {} })))],
    [
      'get_dynamic_action',
      z.compile(withData.transform(({ data }) => ({ kind: 'get_dynamic_action', data: data ?? {} }))),
    ],
    [
      'open_post_page',
      z.compile(withPost(postToken).transform(({ post_token }) => ({ kind: 'open_post_page', postToken: post_token }))),
    ],
    [
      'open_post_manage_page',
      z.compile(
        withPost(postToken).transform(({ post_token }) => ({ kind: 'open_post_manage_page', postToken: post_token })),
      ),
    ],
  ])

export const actionsV2 = actionsWith(requiredId(64))

/** Exactly one member that is not null; a second one, even one that we do not know, would be another action. */
const oneOf = (actions: ReadonlyMap<string, z.ZodType<Action>>) =>
  z.unknown().transform((value, context): Action => {
    const named = isJsonObject(value) ? Object.entries(value).filter(([, member]) => member !== null) : []
    const [[name, member] = ['', undefined], ...others] = named
    const schema = others.length === 0 ? actions.get(name) : undefined
    if (schema === undefined) {
      context.addIssue({ code: 'custom', message: `expected exactly one of ${[...actions.keys()].join(', ')}` })
      return z.NEVER
    }
    const parsed = schema.safeParse(member)
    if (parsed.success) return parsed.data
    for (const { message, path } of parsed.error.issues) {
      context.addIssue({ code: 'custom', message, path: [name, ...path] })
    }
    return z.NEVER
  })

export const actionV2 = oneOf(actionsV2)

/** `icon_name` is the deprecated name of `icon`. */
const buttonWith = (action: z.ZodType<Action>) =>
  z
    .object(
      { action, icon: optionalIcon, icon_name: optionalIcon, caption: visibleText },
      { error: 'expected a button' },
    )
    .transform(({ action, icon, icon_name, caption }): Button => {
      const name = icon ?? icon_name
      return { action, ...(name !== undefined && { icon: name }), caption }
    })

const rowError = `expected 1 to ${MAX_SIDE} buttons in a row`
const rowOf = (button: z.ZodType<Button>) =>
  z.object(
    { buttons: z.array(button, { error: rowError }).min(1, { error: rowError }).max(MAX_SIDE, { error: rowError }) },
    { error: 'expected a row with buttons' },
  )

const rowsError = `expected at most ${MAX_SIDE} rows`
/** A v2 grid. One without rows says the same as no grid. */
const gridOf = (row: z.ZodType<{ buttons: Button[] }>) =>
  z
    .object(
      { rows: z.array(row, { error: rowsError }).max(MAX_SIDE, { error: rowsError }).nullish() },
      { error: 'expected a grid with rows' },
    )
    .transform(({ rows }): ButtonGrid | undefined =>
      rows && rows.length > 0 ? rows.map(({ buttons }) => buttons) : undefined,
    )

export const gridV2 = gridOf(rowOf(buttonWith(actionV2)))

/** As earlier versions accepted it: with control characters in a post's token. */
export const storedGridV2 = gridOf(rowOf(buttonWith(oneOf(actionsWith(requiredText(64))))))
