import * as z from 'zod'
import { hasDotSegment, isWebAddress } from '../base/address.ts'
import type { FieldError } from '../base/fault.ts'
import {
  compiledAtFirstUse,
  controlError,
  fieldErrors,
  NO_CONTROL,
  requiredId,
  requiredText,
  type Compiled,
} from '../base/fields.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import type { Action, Button, ButtonGrid } from './message.ts'

/** Schemas of the members of a send body, for both wires. Every error names what was expected and nothing of what came. */

/** More than blanks, control and format characters (a lone zero-width non-joiner), marks on nothing, and letters that show nothing. */
const VISIBLE = /[^\s\p{Cc}\p{Cf}\p{M}\u2800\u3164\u115f\u1160\uffa0]/u

const visibleText = z.string('expected a string').regex(VISIBLE, 'expected a text that is not blank')

const iconError = 'expected the name of an icon'

/** Absent, null and empty mean the same. Any name is accepted, since the platform's list grows. */
const optionalIcon = z
  .string(iconError)
  .max(128, iconError)
  .nullish()
  .transform((name) => (name === null || name === '' ? undefined : name))

const linkError = 'expected an absolute http(s) address of at most 4096 characters, without blanks and credentials'

/** Checked, and sent on as it was written. */
const link = z.string(linkError).max(4096, linkError).refine(isWebAddress, linkError)

/** Kept as it came: copying it would be a chance to lose a key. */
export const anyObject = z.custom<JsonObject>(isJsonObject, 'expected an object').superRefine((object, context) => {
  const path = findInexactInteger(object)
  if (path === undefined) return
  const message = 'expected integers within ±(2^53-1); send a larger one as a string'
  context.addIssue({ code: 'custom', path, message })
})

/** The path of the first integer that a double cannot hold: it would arrive with other digits. */
function findInexactInteger(value: unknown): PropertyKey[] | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && !Number.isSafeInteger(value) ? [] : undefined
  if (typeof value !== 'object' || value === null) return undefined
  for (const [key, member] of Object.entries(value)) {
    const path = findInexactInteger(member)
    if (path !== undefined) return [key, ...path]
  }
  return undefined
}

/** A known client sends both `direct_link` and `extra_data`, whatever the action: only the one that the action names is read. */
const buttonV1 = z
  .discriminatedUnion(
    'action',
    [
      z.object({
        action: z.literal('LINK'),
        data: z.object(
          { icon_name: optionalIcon, extra_data: anyObject, caption: visibleText },
          'expected an object with extra_data and caption',
        ),
      }),
      z.object({
        action: z.literal('DIRECT_LINK'),
        data: z.object(
          { icon_name: optionalIcon, direct_link: link, caption: visibleText },
          'expected an object with direct_link and caption',
        ),
      }),
    ],
    'expected a button with action LINK or DIRECT_LINK',
  )
  .transform((button): Button => {
    const { icon_name: icon, caption } = button.data
    const action: Action =
      button.action === 'LINK'
        ? { kind: 'open_server_link', data: button.data.extra_data }
        : { kind: 'open_direct_link', url: button.data.direct_link }
    return { action, ...(icon !== undefined && { icon }), caption }
  })

/** Compiled one by one: a button's own schema runs them from inside a transform, where it does not see them. */
function actionsWith(postToken: z.ZodString): ReadonlyMap<string, Compiled<Action>> {
  // The published schema requires no `data`.
  const withData = z.object({ data: anyObject.nullish() }, 'expected an object with data, or an empty one')
  const withPost = z.object({ post_token: postToken }, 'expected an object with post_token')
  const dataAction = (kind: 'open_server_link' | 'get_dynamic_action') =>
    compiledAtFirstUse(withData.transform(({ data }): Action => ({ kind, data: data ?? {} })))
  const postAction = (kind: 'open_post_page' | 'open_post_manage_page') =>
    compiledAtFirstUse(withPost.transform(({ post_token }): Action => ({ kind, postToken: post_token })))
  return new Map<string, Compiled<Action>>([
    ['open_direct_link', compiledAtFirstUse(link.transform((url): Action => ({ kind: 'open_direct_link', url })))],
    ['open_server_link', dataAction('open_server_link')],
    ['get_dynamic_action', dataAction('get_dynamic_action')],
    ['open_post_page', postAction('open_post_page')],
    ['open_post_manage_page', postAction('open_post_manage_page')],
  ])
}

/** Exactly one member that is not null; a second one, even an unknown one, would be another action. */
function oneOf(actions: ReadonlyMap<string, Compiled<Action>>) {
  return z.unknown().transform((value, context): Action => {
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
}

const MAX_SIDE = 3
const rowError = `expected 1 to ${MAX_SIDE} buttons in a row`
const rowsError = `expected at most ${MAX_SIDE} rows`

/** A v2 grid. One without rows means the same as no grid. */
function gridOf(action: z.ZodType<Action>) {
  const button = z
    // `icon_name` is the deprecated name of `icon`.
    .object({ action, icon: optionalIcon, icon_name: optionalIcon, caption: visibleText }, 'expected a button')
    .transform(({ action, icon, icon_name, caption }): Button => {
      const name = icon ?? icon_name
      return { action, ...(name !== undefined && { icon: name }), caption }
    })
  const row = z.object(
    { buttons: z.array(button, rowError).min(1, rowError).max(MAX_SIDE, rowError) },
    'expected a row with buttons',
  )
  return z
    .object({ rows: z.array(row, rowsError).max(MAX_SIDE, rowsError).nullish() }, 'expected a grid with rows')
    .transform(({ rows }): ButtonGrid | undefined =>
      rows && rows.length > 0 ? rows.map(({ buttons }) => buttons) : undefined,
    )
}

export const actionsV2 = actionsWith(requiredId(64))
export const actionV2 = oneOf(actionsV2)
const gridV2 = gridOf(actionV2)

/** The grid as earlier versions stored it: a post's token may contain control characters. */
const storedGridV2 = gridOf(oneOf(actionsWith(requiredText(64))))

/** Both become a segment of Divar's path. */
const conversationId = requiredId(128).refine((id) => !hasDotSegment(id), 'expected a conversation id')
const botUserId = requiredId(128).refine((id) => !hasDotSegment(id), 'expected a user id')
const mediaTokenError = 'expected a string of at most 1024 characters, null or nothing'
const storedMediaToken = z.string(mediaTokenError).max(1024, mediaTokenError)
const mediaToken = storedMediaToken.regex(NO_CONTROL, controlError)
const tripleHint = ', or conversation_id in place of user_id, post_token and peer_id'

export const sendSchemas = {
  type: compiledAtFirstUse(z.literal('TEXT', 'expected TEXT, or nothing').nullish()),
  delivery: compiledAtFirstUse(z.literal('at-least-once', 'expected at-least-once, or nothing').nullish()),
  conversationId: compiledAtFirstUse(conversationId),
  botUserId: compiledAtFirstUse(botUserId),
  senderUserId: compiledAtFirstUse(requiredId(128).nullish()),
  senderPostToken: compiledAtFirstUse(requiredId(64).nullish()),
  userId: compiledAtFirstUse(requiredId(128, tripleHint)),
  postToken: compiledAtFirstUse(requiredId(64, tripleHint)),
  peerId: compiledAtFirstUse(requiredId(128, tripleHint)),
  mediaToken: compiledAtFirstUse(mediaToken.nullish()),
  text: compiledAtFirstUse(visibleText),
  grid: compiledAtFirstUse(gridV2),
  button: compiledAtFirstUse(buttonV1),
}

export type SendSchemas = typeof sendSchemas

/** Accepts what earlier versions accepted. */
export const storedSchemas: SendSchemas = {
  ...sendSchemas,
  conversationId: compiledAtFirstUse(requiredId(128)),
  botUserId: compiledAtFirstUse(requiredId(128)),
  userId: compiledAtFirstUse(requiredText(128)),
  postToken: compiledAtFirstUse(requiredText(64)),
  peerId: compiledAtFirstUse(requiredText(128)),
  mediaToken: compiledAtFirstUse(storedMediaToken.nullish()),
  grid: compiledAtFirstUse(storedGridV2),
}

/** Reads the members of one body, and collects their errors, so that all are reported at once. */
export class BodyReader {
  readonly errors: FieldError[] = []
  readonly #body: JsonObject

  constructor(body: JsonObject) {
    this.#body = body
  }

  /** A member; `null` counts as absent. */
  given(member: string): unknown {
    return Object.hasOwn(this.#body, member) ? (this.#body[member] ?? undefined) : undefined
  }

  check<Output>(member: string, schema: Compiled<Output>): Output | undefined {
    return this.parse(schema, this.given(member), `/${member}`)
  }

  /** @param pointer where the value is in the body */
  parse<Output>(schema: Compiled<Output>, value: unknown, pointer: string): Output | undefined {
    const parsed = schema.safeParse(value)
    if (parsed.success) return parsed.data
    for (const { pointer: below, detail } of fieldErrors(parsed.error)) this.refuse(`${pointer}${below}`, detail)
    return undefined
  }

  refuse(pointer: string, detail: string): void {
    this.errors.push({ pointer, detail })
  }
}
