import type { Click } from '../click/click.ts'
import { ResolverError, ResolverSetupError, type UncheckedResolver } from './resolver.ts'

type Scalar = string | number | boolean

/** What a template may name besides the scalars of the Click's data. */
const READERS = new Map<string, (click: Click) => unknown>([
  ['wire', ({ wire }) => wire],
  ['source', ({ source }) => source],
  ['post_token', ({ postToken }) => postToken],
  ['conversation_id', ({ conversationId }) => conversationId],
  ['user_id', ({ userId }) => userId],
  ['peer_id', ({ peerId }) => peerId],
  ['supplier_id', ({ supplierId }) => supplierId],
  ['demand_id', ({ demandId }) => demandId],
  ['side', ({ side }) => side],
  ['return_url', ({ returnUrl }) => returnUrl],
  ['latitude', ({ location }) => location?.latitude],
  ['longitude', ({ location }) => location?.longitude],
  ['click_id', ({ id }) => id],
  ['id', ({ id }) => id],
])
/** Both name the click, which is kept where there is a store. */
const STORED = ['click_id', 'id']
const VARIABLES = new Set([...READERS.keys()].filter((name) => !STORED.includes(name)))

/** A literal origin, ended before the first expression can touch it: by a slash, a query, or an operator that writes one of these. */
const FIXED_ORIGIN = /^(https?:\/\/[^/?#{}\s]+)(?=[/?#]|\{[/?]|$)/i

/**
 * A landing as an RFC 6570 template, e.g. `https://app.example.com/start{?post_token,data.order_id}`. Its origin is fixed, and every
 * variable is percent-encoded: operators that would not encode (`+`, `#`) are refused.
 * @param scopes what every user is asked for first
 * @throws ResolverSetupError naming what is wrong with the template
 */
export function templateResolver(
  template: string,
  { hasStore, scopes }: { hasStore: boolean; scopes?: readonly string[] | undefined },
): UncheckedResolver {
  requireOrigin(template)
  const faults = readExpressions(template).flatMap((expression) => findFaults(expression, hasStore))
  if (faults.length > 0) throw new ResolverSetupError(faults.join('; '))
  const expand = compile(template)
  // Values are percent-encoded, so none gets out of a query; only what may stand before it is looked at with each click.
  if (isPathFixed(template)) return (click) => ({ url: expand(click), scopes })
  const literalOrigin = encodeLiteral(FIXED_ORIGIN.exec(template)?.[1] ?? '')
  const literalDots = countDotSegments(template)
  return (click) => {
    const url = expand(click)
    if (!isWithin(literalOrigin, url) || countDotSegments(url) !== literalDots) {
      throw new ResolverError('a variable would have changed the path or the origin of LANDING_URL_TEMPLATE')
    }
    return { url, scopes }
  }
}

/**
 * Whether nothing that changes stands before the query. A `{?x}` whose variables are all absent writes nothing, and what follows it would go on
 * with the path, or with the host: it must end the template, or stand before a fragment.
 */
function isPathFixed(template: string): boolean {
  return /^[^{?#]*(?:$|[?#]|\{\?[^{}]*\}(?:$|#))/.test(template)
}

function isWithin(origin: string, url: string): boolean {
  return url.startsWith(origin) && ['', '/', '?', '#'].includes(url.charAt(origin.length))
}

function requireOrigin(template: string): void {
  const origin = FIXED_ORIGIN.exec(template)?.[1]
  if (origin === undefined || !URL.canParse(origin)) {
    throw new ResolverSetupError('expected an absolute http(s) URL whose origin holds no variable')
  }
}

function readExpressions(template: string): string[] {
  const expressions = [...template.matchAll(/\{([^{}]*)\}/g)].map(([, inner = '']) => inner)
  if (/[{}]/.test(template.replaceAll(/\{[^{}]*\}/g, ''))) {
    throw new ResolverSetupError('expected every { to have its }')
  }
  return expressions
}

function findFaults(expression: string, hasStore: boolean): string[] {
  const operator = /^[^\p{L}\p{N}_%]/u.exec(expression)?.[0] ?? ''
  if (!['', '.', '/', ';', '?', '&'].includes(operator)) {
    return [`{${expression}}: the operator ${operator} is not supported; use {name}, {/name}, {?name} or {&name}`]
  }
  return expression
    .slice(operator.length)
    .split(',')
    .filter((name) => !(hasStore && STORED.includes(name)))
    .filter((name) => !VARIABLES.has(name) && !/^data\.[\p{L}\p{N}_.-]+$/u.test(name))
    .map((name) =>
      STORED.includes(name)
        ? `{${expression}}: ${name} needs a store, and there is none`
        : `{${expression}}: expected ${[...VARIABLES].join(', ')} or data.<key>, without * or :length`,
    )
}

/**
 * Reads the template once, so that a click costs only what it names: the whole of its data, with keys that differ from click to click, is never
 * gone through. Of RFC 6570 this is what `findFaults` lets pass; a test holds it to a library that knows all of it.
 */
function compile(template: string): (click: Click) => string {
  const pieces = template.split(/(\{[^{}]+\})/g).map((piece) => {
    if (!piece.startsWith('{')) return encodeLiteral(piece)
    const operator = /^\{([./;?&]?)/.exec(piece)?.[1] ?? ''
    return {
      operator,
      names: piece
        .slice(1 + operator.length, -1)
        .split(',')
        .map(readName),
    }
  })
  return (click) => {
    let url = ''
    for (const piece of pieces) url += typeof piece === 'string' ? piece : expandExpression(piece, click)
    return url
  }
}

type Name = { encoded: string; read: (click: Click) => unknown }

function readName(name: string): Name {
  const encoded = encodeValue(name)
  const read = READERS.get(name)
  if (read !== undefined) return { encoded, read }
  const key = name.slice('data.'.length)
  return { encoded, read: ({ data }) => (Object.hasOwn(data, key) ? data[key] : undefined) }
}

function expandExpression({ operator, names }: { operator: string; names: readonly Name[] }, click: Click): string {
  const separator = operator === '' ? ',' : operator === '?' ? '&' : operator
  let expanded = ''
  let isFirst = true
  for (const { encoded, read } of names) {
    const value = read(click)
    if (!isScalar(value)) continue
    expanded += (isFirst ? operator : separator) + assign(operator, encoded, encodeValue(String(value)))
    isFirst = false
  }
  return expanded
}

function assign(operator: string, name: string, value: string): string {
  if (operator === '?' || operator === '&') return `${name}=${value}`
  if (operator === ';') return value === '' ? name : `${name}=${value}`
  return value
}

function isScalar(value: unknown): value is Scalar {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

/** What RFC 3986 calls unreserved: of this most values are, and stay as they are. */
const UNRESERVED = /^[\w.~-]*$/

function encodeValue(text: string): string {
  if (UNRESERVED.test(text)) return text
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** What stands in the template stays as it is, percent-encoded where it has to be and is not yet. */
function encodeLiteral(text: string): string {
  return text
    .split(/(%[0-9a-f]{2})/gi)
    .map((part, index) => (index % 2 === 1 ? part : encodeURI(part).replaceAll('%5B', '[').replaceAll('%5D', ']')))
    .join('')
}

/** A value of `..` needs no percent-encoding, and a browser would climb a folder over it. */
function countDotSegments(url: string): number {
  const path = url.split(/[?#]|\{[?&]/, 1)[0] ?? ''
  return path.split('/').filter((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)).length
}
