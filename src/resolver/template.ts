import type { Click } from '../click/click.ts'
import { nearestName } from '../base/nearest.ts'
import { ResolverError, ResolverSetupError, type UncheckedResolver } from './resolver.ts'

/** The variables of a template, except `data.<key>`. */
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
/** Variables that are useful only if the click is saved, which needs a store. */
const STORED = ['click_id', 'id']
const VARIABLES = new Set([...READERS.keys()].filter((name) => !STORED.includes(name)))

/** A literal origin, ended by a slash, a query, or an operator that writes one of these, so that no variable can extend it. */
const FIXED_ORIGIN = /^(https?:\/\/[^/?#{}\s]+)(?=[/?#]|\{[/?]|$)/i

/**
 * A landing as an RFC 6570 template, e.g. `https://app.example.com/start{?post_token,data.order_id}`. Its origin is fixed, and every
 * variable is percent-encoded: operators that would not encode (`+`, `#`) are refused.
 * @param scopes required of every user before landing
 * @throws ResolverSetupError naming what is wrong with the template
 */
export function templateResolver(
  template: string,
  { hasStore, scopes }: { hasStore: boolean; scopes?: readonly string[] | undefined },
): UncheckedResolver {
  const origin = readOrigin(template)
  const errors = readExpressions(template).flatMap((expression) => findErrors(expression, hasStore))
  if (errors.length > 0) throw new ResolverSetupError(errors.join('; '))
  const expand = compile(template)
  // Values are percent-encoded, so they cannot leave the query. Only variables before it need a check at each click.
  if (isPathFixed(template)) return (click) => ({ url: expand(click), scopes })
  const literalOrigin = encodeLiteral(origin)
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
 * Whether variables occur only in the query. A `{?x}` without values expands to nothing, and what follows would continue the path or the host: it must
 * be last, or be followed by a fragment.
 */
function isPathFixed(template: string): boolean {
  return /^[^{?#]*(?:$|[?#]|\{\?[^{}]*\}(?:$|#))/.test(template)
}

function isWithin(origin: string, url: string): boolean {
  return url.startsWith(origin) && ['', '/', '?', '#'].includes(url.charAt(origin.length))
}

function readOrigin(template: string): string {
  const origin = FIXED_ORIGIN.exec(template)?.[1]
  if (origin === undefined || !URL.canParse(origin)) {
    throw new ResolverSetupError('expected an absolute http(s) URL whose origin holds no variable')
  }
  return origin
}

function readExpressions(template: string): string[] {
  const expressions = [...template.matchAll(/\{([^{}]*)\}/g)].map(([, inner = '']) => inner)
  if (/[{}]/.test(template.replaceAll(/\{[^{}]*\}/g, ''))) {
    throw new ResolverSetupError('expected every { to have its }')
  }
  return expressions
}

function findErrors(expression: string, hasStore: boolean): string[] {
  const operator = /^[^\p{L}\p{N}_%]/u.exec(expression)?.[0] ?? ''
  if (!['', '.', '/', ';', '?', '&'].includes(operator)) {
    return [`{${expression}}: the operator ${operator} is not supported; use {name}, {/name}, {?name} or {&name}`]
  }
  return expression
    .slice(operator.length)
    .split(',')
    .filter((name) => !(hasStore && STORED.includes(name)))
    .filter((name) => !VARIABLES.has(name) && !DATA_KEY.test(name))
    .map((name) => `{${expression}}: ${explainName(name)}`)
}

const DATA_KEY = /^data\.[\p{L}\p{N}_.-]+$/u

function explainName(name: string): string {
  if (STORED.includes(name)) return `${name} needs a store, and there is none`
  const expected = `expected ${[...VARIABLES].join(', ')} or data.<key>, without * or :length`
  const meant = nearestName(name, READERS.keys()) ?? `data.${name}`
  return READERS.has(meant) || DATA_KEY.test(meant) ? `did you mean ${meant}? ${expected}` : expected
}

/** Compiles the part of RFC 6570 that `findErrors` accepts. Tests compare it with the url-template package, which parses at each expansion. */
function compile(template: string): (click: Click) => string {
  const pieces = template.split(/(\{[^{}]+\})/g).map((piece) => {
    if (!piece.startsWith('{')) return encodeLiteral(piece)
    const operator = /^\{([./;?&]?)/.exec(piece)?.[1] ?? ''
    const names = piece.slice(1 + operator.length, -1).split(',')
    return { operator, names: names.map(readName) }
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
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') continue
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

/** The unreserved characters of RFC 3986, which need no encoding. */
const UNRESERVED = /^[\w.~-]*$/

function encodeValue(text: string): string {
  if (UNRESERVED.test(text)) return text
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)
}

/** Encodes literal text where it is not encoded yet. */
function encodeLiteral(text: string): string {
  return text
    .split(/(%[0-9a-f]{2})/gi)
    .map((part, index) => (index % 2 === 1 ? part : encodeURI(part).replaceAll('%5B', '[').replaceAll('%5D', ']')))
    .join('')
}

/** A value of `..` needs no percent-encoding, and browsers would go up a folder. */
function countDotSegments(url: string): number {
  const path = url.split(/[?#]|\{[?&]/, 1)[0] ?? ''
  return path.split('/').filter((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)).length
}
