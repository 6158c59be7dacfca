import * as z from 'zod'
import { isJsonObject, type JsonObject } from '../base/strict-json.ts'
import { problemDocument, problemShape, PROBLEM_TYPE, type FaultShape, type Reply } from './answer-fault.ts'

/** Every path of the platform's own, so that an SDK that has the gateway as its host can read each refusal. */
export const PLATFORM_PREFIX = /^\/(?:v\d+|experimental)\/open-platform(?=\/|$)/i

const JSON_TYPE = 'application/json; charset=utf-8'

/** The platform's numbers for what went wrong, those of gRPC, by our HTTP status. */
const PLATFORM_CODES: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  405: 5,
  409: 10,
  412: 9,
  413: 3,
  415: 3,
  422: 3,
  429: 8,
  500: 13,
  501: 12,
  502: 14,
  503: 14,
  504: 2,
}
/** gRPC's "unknown". */
const UNKNOWN_CODE = 2

/** The platform's error, with our problem document among its details. */
export const platformShape: FaultShape = (fault, requestId) => {
  const { status, headers } = problemShape(fault, requestId)
  return platformError(status, headers, problemDocument(fault, requestId))
}

const problemMembers = z.looseObject({ status: z.int(), detail: z.string() })

/** An answer of `/messages` as it is given under the platform's paths: refusals in the platform's shape, and no `ignored`. */
export function toPlatformReply(reply: Reply): Reply {
  const body: unknown = JSON.parse(reply.body)
  if (reply.headers['content-type'] === PROBLEM_TYPE) {
    return platformError(reply.status, reply.headers, problemMembers.parse(body))
  }
  if (!isJsonObject(body) || !Object.hasOwn(body, 'ignored')) return reply
  const { ignored: _, ...rest } = body
  return { ...reply, body: JSON.stringify(rest) }
}

function platformError(
  status: number,
  headers: Reply['headers'],
  problem: JsonObject & { status: number; detail: string },
): Reply {
  return {
    status,
    headers: { ...headers, 'content-type': JSON_TYPE },
    body: JSON.stringify({
      code: PLATFORM_CODES[problem.status] ?? UNKNOWN_CODE,
      message: problem.detail,
      details: [{ '@type': 'kenar/problem', ...problem }],
    }),
  }
}
