import type { Router } from 'express'
import type { CountWrongKey } from '../access/authentication.ts'
import { Fault } from '../base/fault.ts'
import type { Config } from '../config/config.ts'
import { consoleRoutes } from '../console/console-routes.ts'
import type { ConsoleServices } from '../console/services.ts'
import type { Stored } from './store.ts'

/** The console, with INTERNAL_PORT only: a port that an ingress may expose has none. */
export function consoleSide(
  { internalPort, callerKeys: keys }: Config,
  stored: Stored | undefined,
  attention: ConsoleServices['attention'],
  countWrongKey: CountWrongKey,
): Router[] {
  if (internalPort === undefined) return []
  return [consoleRoutes({ keys, countWrongKey, services: stored && servicesOf(stored, attention) })]
}

function servicesOf(
  { messageActs, timeline, subscriptions: { subscriptions } }: Stored,
  attention: ConsoleServices['attention'],
): ConsoleServices {
  return {
    messages: messageActs,
    attention,
    timeline: {
      ofAddress: timeline.timeline,
      ofMessage: async (id) => {
        const page = await timeline.timelineOf(id, { limit: 200 })
        if (page === undefined) throw new Fault('not_found', 'id: expected that of a message that is still kept')
        return page
      },
    },
    listSubscriptions: subscriptions?.listForOperators,
  }
}
