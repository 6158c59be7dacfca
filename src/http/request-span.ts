import type { SpanAttributes, SpanEnd } from '../observability/spans.ts'

/** Of a line's fields, those that leave with a span: ids of ours, and words of a closed list. */
const SHOWN = ['click_id', 'message_id', 'grant_id', 'wire', 'resolver', 'consent', 'by', 'code', 'divar_status']

/** What a span says of one request: never its path, its headers, nor the id that its caller gave it. */
export function spanOf(
  method: string,
  route: string,
  status: number,
  event: string,
  fields: Readonly<Record<string, unknown>>,
): SpanEnd {
  const attributes: SpanAttributes = {
    'http.request.method': method,
    'http.route': route,
    'http.response.status_code': status,
    event,
  }
  const shown = SHOWN.flatMap((name) => {
    const value = fields[name]
    return typeof value === 'string' || typeof value === 'number' ? [[name, value] as const] : []
  })
  return {
    name: `${method} ${route}`,
    attributes: { ...attributes, ...Object.fromEntries(shown) },
    failed: status >= 500,
  }
}
