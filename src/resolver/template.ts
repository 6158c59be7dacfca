import { parseTemplate } from 'url-template'
import { clickToJson, type Click } from '../click/click.ts'
import { ResolverError, ResolverSetupError, type UncheckedResolver } from './resolver.ts'

type Scalar = string | number | boolean

const SCALARS = [
  'wire',
  'source',
  'post_token',
  'conversation_id',
  'user_id',
  'peer_id',
  'supplier_id',
  'demand_id',
  'side',
  'return_url',
]
/** Both name the click, which is kept where there is a store. */
const STORED = ['click_id', 'id']
const VARIABLES = new Set([...SCALARS, 'latitude', 'longitude'])

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
  const origin = readOrigin(template)
  const faults = readExpressions(template).flatMap((expression) => findFaults(expression, hasStore))
  if (faults.length > 0) throw new ResolverSetupError(faults.join('; '))
  const parsed = parseTemplate(template)
  const literalDots = countDotSegments(template)
  return (click) => {
    const url = parsed.expand(variablesOf(click))
    if (!URL.canParse(url) || new URL(url).origin !== origin || countDotSegments(url) !== literalDots) {
      throw new ResolverError('a variable would have changed the path or the origin of LANDING_URL_TEMPLATE')
    }
    return { url, scopes }
  }
}

function readOrigin(template: string): string {
  const origin = FIXED_ORIGIN.exec(template)?.[1]
  if (origin === undefined || !URL.canParse(origin)) {
    throw new ResolverSetupError('expected an absolute http(s) URL whose origin holds no variable')
  }
  return new URL(origin).origin
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

/** What a template may name: the scalars of the Click's JSON, its location, and the scalars of its data. */
function variablesOf(click: Click): Record<string, Scalar> {
  const json = clickToJson(click)
  const variables = new Map<string, unknown>(SCALARS.map((name) => [name, json[name]]))
  for (const name of STORED) variables.set(name, click.id)
  for (const [name, degrees] of Object.entries(click.location ?? {})) variables.set(name, degrees)
  for (const [key, value] of Object.entries(click.data)) variables.set(`data.${key}`, value)
  return Object.fromEntries([...variables].filter(isScalarEntry))
}

function isScalarEntry(entry: [string, unknown]): entry is [string, Scalar] {
  return ['string', 'number', 'boolean'].includes(typeof entry[1])
}

/** A value of `..` needs no percent-encoding, and a browser would climb a folder over it. */
function countDotSegments(url: string): number {
  const path = url.split(/[?#]|\{[?&]/, 1)[0] ?? ''
  return path.split('/').filter((segment) => /^(?:\.|%2e){1,2}$/i.test(segment)).length
}
