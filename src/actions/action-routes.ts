import type { RequestHandler, Router } from 'express'
import { Fault } from '../base/fault.ts'
import type { ActionRequest } from '../click/click.ts'
import { parseAction } from '../click/parse-action.ts'
import { answerFaults, logRefusalAs, statusShape } from '../http/answer-fault.ts'
import { createRouter, routesOn } from '../http/app.ts'
import { readJsonBody } from '../http/request.ts'
import type { Logger } from '../observability/log.ts'
import type { ActionAnswer, CallAction } from '../resolver/action.ts'
import { chatTextsOfClick } from '../timeline/chats.ts'
import { createGuardedCall } from '../resolver/call.ts'

const ACTION_PATH = '/divar/action'

type ActionOptions = {
  callAction: CallAction
  /** Saves a click whose id is in the URL. */
  saveNamedClick: (request: ActionRequest, landing: { url: string }) => unknown
  /** What answers, for the log. */
  kind: 'module' | 'forward'
  /** Shown when the action fails or too many are running. */
  fallbackText: string | undefined
  /** Actions that may be running at once; above it, they get the fallback or 503. */
  maxRunning: number
  log: Logger
}

/**
 * Dynamic actions: Divar reports a button that the app answers in place.
 * @param options undefined when nothing answers them: the route then answers 501
 */
export function actionRoutes(requireDivar: RequestHandler, options: ActionOptions | undefined): Router {
  const routes = createRouter().use(countAsAction, requireDivar)
  routes.post(ACTION_PATH, options === undefined ? refuse : createActionHandler(options))
  return routesOn({ [ACTION_PATH]: 'POST' }, routes)
}

/** Errors below this path are `{status, message}`, also those from before the route. */
export const actionFaults = { path: ACTION_PATH, handler: answerFaults(statusShape, logRefusalAs('action.refused')) }

const countAsAction: RequestHandler = (_request, response, next) => {
  response.locals.requestLog.subject = 'action'
  next()
}

const refuse: RequestHandler = () => {
  throw new Fault('action_unavailable', 'This app answers no dynamic actions.')
}

function createActionHandler({
  callAction,
  saveNamedClick,
  kind,
  fallbackText,
  ...limits
}: ActionOptions): RequestHandler {
  const findAnswer = createGuardedCall<ActionRequest, ActionAnswer, ActionAnswer>({
    ...limits,
    subject: 'action',
    call: callAction,
    finish: async (request, answer) => {
      if (answer.url !== undefined) await saveNamedClick(request, { url: answer.url })
      return answer
    },
    fallback: fallbackText === undefined ? undefined : { text: fallbackText },
    failed: { code: 'action_failed', message: 'The app could not answer this action.' },
  })
  return async (request, response) => {
    const { requestLog } = response.locals
    const { click, returnUrlReplaced, absentParts } = parseAction(await readJsonBody(request))
    const { fields } = requestLog
    fields['click_id'] = click.id
    fields['wire'] = click.wire
    requestLog.chats = () => chatTextsOfClick(click)
    fields['resolver'] = kind
    if (returnUrlReplaced) fields['return_url'] = 'replaced'
    if (absentParts > 0) fields['absent_parts'] = absentParts
    const answer = await findAnswer(click, requestLog)
    requestLog.conclude('action.answered')
    response.endJson(200, toWire(answer))
  }
}

function toWire({ url, data, text }: ActionAnswer) {
  return {
    ...(url !== undefined && { action: { open_direct_link: url } }),
    ...(data !== undefined && { action: { open_server_link: { data } } }),
    ...(text !== undefined && { text_message: text }),
  }
}
