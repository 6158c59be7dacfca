import * as z from 'zod'
import { requiredId, requiredText } from '../base/fields.ts'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import type { Action, Button, ButtonGrid, Message } from './message.ts'
import { anyObject, link, optionalIcon, visibleText } from './wire-fields.ts'

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

/** The v2 body of a message; the conversation's id stands in the path. The published schema requires `message`, so media sends "". */
export function writeV2({ content, senderButtons, receiverButtons }: Message): JsonObject {
  return {
    ...(content.kind === 'text' ? { message: content.text } : { message: '', media_token: content.mediaToken }),
    ...(senderButtons && { sender_buttons: writeGrid(senderButtons) }),
    ...(receiverButtons && { receiver_buttons: writeGrid(receiverButtons) }),
  }
}

function writeGrid(grid: ButtonGrid): JsonObject {
  return { rows: grid.map((buttons) => ({ buttons: buttons.map(writeButton) })) }
}

function writeButton({ action, icon, caption }: Button): JsonObject {
  return { action: { [action.kind]: writeAction(action) }, ...(icon !== undefined && { icon }), caption }
}

function writeAction(action: Action): unknown {
  switch (action.kind) {
    case 'open_direct_link':
      return action.url
    case 'open_server_link':
    case 'get_dynamic_action':
      return { data: action.data }
    case 'open_post_page':
    case 'open_post_manage_page':
      return { post_token: action.postToken }
  }
}
