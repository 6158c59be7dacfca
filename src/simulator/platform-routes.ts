import PUBLISHED from './published-routes.json' with { type: 'json' }
import { refuse, type Answer, type Received } from './http.ts'

/** Routes of the platform that its OpenAPI does not have, or no longer has. */
const FORMER = [
  'POST /experimental/open-platform/chat/bot/conversations/{conversation_id}/messages',
  'POST /experimental/open-platform/chat/bot/users/{user_id}/messages',
  'POST /v1/open-platform/oauth/access_token',
  'POST /v1/open-platform/users',
  'POST /v2/open-platform/chat/conversation',
  'POST /oauth2/token',
]

const ROUTES = [...PUBLISHED, ...FORMER].map((route) => {
  const [method = '', path = ''] = route.split(' ')
  const segments = path.split(/\{\w+\}/)
  return { method, path: new RegExp(`^${segments.join('[^/]+')}$`) }
})

/** Refuses a request that the simulator does not support, with the reason: the platform may have the route. */
export function refuseUnsupported({ method }: Received, pathname: string): { answer: Answer; why: string } {
  const methods = ROUTES.filter(({ path }) => path.test(pathname)).map((route) => route.method)
  if (methods.length === 0) return { answer: refuse(404, 5, 'Not Found'), why: 'The platform has no such route.' }
  if (methods.includes(method)) {
    return {
      answer: refuse(501, 12, 'Not Implemented'),
      why: 'The platform has this route; the simulator does not play it.',
    }
  }
  return {
    answer: refuse(405, 12, 'Method Not Allowed', { allow: methods.join(', ') }),
    why: `The platform has this route for ${methods.join(' and ')} only.`,
  }
}
