import { resolve as resolvePath } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describeError } from '../observability/log.ts'
import { withTimeout } from '../base/timeout.ts'
import { ResolverSetupError, type Resolver, type UncheckedResolver } from './resolver.ts'

const LOAD_TIMEOUT_MS = 10_000

/** A resolver as others write it. */
type ForeignResolver = (...parameters: Parameters<Resolver>) => unknown

/**
 * A resolver from a file of the operator's: an ES module's default export, or what a CommonJS module exports.
 * @param file relative paths count from the working directory
 * @throws ResolverSetupError naming the file
 */
export async function moduleResolver(file: string): Promise<UncheckedResolver> {
  const path = resolvePath(file)
  const resolver = findDefault(await load(path))
  if (resolver === undefined) {
    throw new ResolverSetupError(`${path}: expected the default export to be a function (click, context) => landing`)
  }
  return (click, { signal, log, requestId }) =>
    resolver(click, { signal, log: log.child({ request_id: requestId, click_id: click.id }) })
}

async function load(path: string): Promise<unknown> {
  const loaded = await withTimeout(LOAD_TIMEOUT_MS, importFile(path))
  if (loaded === undefined) {
    throw new ResolverSetupError(`${path}: did not finish loading within ${LOAD_TIMEOUT_MS} ms`)
  }
  return loaded.value
}

async function importFile(path: string): Promise<unknown> {
  try {
    const namespace: unknown = await import(pathToFileURL(path).href)
    return namespace
  } catch (error) {
    throw new ResolverSetupError(`${path}: cannot be loaded: ${explain(error)}`, { cause: error })
  }
}

/** Codes whose messages speak of files and packages only. */
const TELLING = new Set([
  'ERR_MODULE_NOT_FOUND',
  'ERR_PACKAGE_PATH_NOT_EXPORTED',
  'ERR_REQUIRE_ASYNC_MODULE',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
])

/** What the file itself threw may hold a secret: of that only the kind and the place are told. */
function explain(error: unknown): string {
  const { error: kind, error_code: code, error_at: [frame = ''] = [] } = describeError(error)
  // Node's own parser stands first in the stack of a file that does not parse, and quotes nothing but its text.
  const isTelling = TELLING.has(code ?? '') || (kind === 'SyntaxError' && frame.includes('(node:internal/'))
  const told = isTelling && typeof error === 'object' && error !== null && 'message' in error
  return [code ?? kind, told ? String(error.message) : frame].join(' ').trim()
}

/** CommonJS seen from here has its exports under `default`, and compilers put another `default` into these. */
function findDefault(namespace: unknown): ForeignResolver | undefined {
  const outer = memberOf(namespace)
  if (isFunction(outer)) return outer
  const inner = memberOf(outer)
  return isFunction(inner) ? inner : undefined
}

function memberOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'default' in value ? value.default : undefined
}

function isFunction(value: unknown): value is ForeignResolver {
  return typeof value === 'function'
}
