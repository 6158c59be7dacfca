/** What the pages' build wrote for their scripts, checked as it is read. */

export const KINDS = ['heading', 'route', 'field', 'code', 'schema'] as const
/** What the search can find, and where it is. */
export type Found = { kind: (typeof KINDS)[number]; title: string; detail: string; url: string }

/** A route that can be tried. */
export type Route = {
  id: string
  method: string
  path: string
  parameters: readonly { name: string; in: string; example?: string }[]
  bodies: readonly { name: string; value: unknown }[]
}

export function readIndex(value: unknown): readonly Found[] {
  const [{ entries } = {}] = listOf([value])
  return listOf(entries).map((one) => {
    const kind = KINDS.find((name) => name === one['kind'])
    if (kind === undefined) throw new Error('the index of the search cannot be read')
    return { kind, title: textIn(one, 'title'), detail: textIn(one, 'detail'), url: textIn(one, 'url') }
  })
}

export function readRoute(value: unknown): Route {
  const [route = {}] = listOf([value])
  return {
    id: textIn(route, 'id'),
    method: textIn(route, 'method'),
    path: textIn(route, 'path'),
    parameters: listOf(route['parameters']).map((one) => ({
      name: textIn(one, 'name'),
      in: textIn(one, 'in'),
      example: textIn(one, 'example'),
    })),
    bodies: listOf(route['bodies']).map((one) => ({ name: textIn(one, 'name'), value: one['value'] })),
  }
}

type Members = Readonly<Record<string, unknown>>

function listOf(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.filter(isMembers) : []
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null
}

function textIn(members: Members, name: string): string {
  const value = members[name]
  return typeof value === 'string' ? value : ''
}
