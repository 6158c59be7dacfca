import * as z from 'zod'
import { Fault } from '../base/fault.ts'
import { compiledAtFirstUse, requiredText } from '../base/fields.ts'
import { newId } from '../base/id.ts'
import { isJsonObject } from '../base/strict-json.ts'
import type { ActionRequest, ClickRead } from './click.ts'
import { asFault } from './parse-click.ts'
import { clickV2, readMembersOfV2 } from './read-click-v2.ts'
import { knows } from './wire-fields.ts'

/** The body of a dynamic action: a v2 click with its touchpoint. */
export const actionBody = z.object({ touchpoint: requiredText(128), ...clickV2.shape })

const compiled = compiledAtFirstUse(actionBody)

const isOfAction = knows(actionBody)

/**
 * Parses the body of a dynamic action.
 * @throws Fault `invalid_action` with all errors of the body
 */
export function parseAction(body: unknown): ClickRead<ActionRequest> {
  if (!isJsonObject(body)) throw new Fault('invalid_action', 'body: expected a JSON object')
  try {
    const { click, read, ...others } = readMembersOfV2(compiled, isOfAction, body, newId('clk'))
    return { click: { ...click, touchpoint: read.touchpoint }, ...others }
  } catch (error) {
    throw asFault('invalid_action', error)
  }
}
