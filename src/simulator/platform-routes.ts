import { refuse, type Answer } from './http.ts'
import { OPERATIONS } from './operations.ts'

/** Routes of the platform that its OpenAPI does not have, or no longer has. */
const FORMER = [
  'POST /experimental/open-platform/chat/bot/conversations/{conversation_id}/messages',
  'POST /experimental/open-platform/chat/bot/users/{user_id}/messages',
  'POST /v1/open-platform/oauth/access_token',
  'POST /v1/open-platform/users',
  'POST /v2/open-platform/chat/conversation',
  'POST /oauth2/token',
]

const ROUTES = [...OPERATIONS.map(({ method, path }) => `${method} ${path}`), ...FORMER].map((route) => {
  const [method = '', path = ''] = route.split(' ')
  const segments = path.split(/\{\w+\}/)
  return { method, path: new RegExp(`^${segments.join('[^/]+')}$`) }
})

/** Refuses a request to a route that the platform does not have, with the reason. */
export function refuseUnsupported(pathname: string): { answer: Answer; why: string } {
  const methods = ROUTES.filter(({ path }) => path.test(pathname)).map((route) => route.method)
  if (methods.length === 0) return { answer: refuse(404, 5, 'Not Found'), why: 'Divar has no such route.' }
  return {
    answer: refuse(405, 12, 'Method Not Allowed', { allow: methods.join(', ') }),
    why: `Divar has this route for ${methods.join(' and ')} only.`,
  }
}
