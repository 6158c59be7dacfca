import { resolve as resolvePath } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describeError } from '../observability/log.ts'
import { withTimeout } from '../base/timeout.ts'
import { ResolverSetupError, type Resolver, type UncheckedResolver } from './resolver.ts'

const LOAD_TIMEOUT_MS = 10_000

/** A resolver from the operator's file, whose answer has any type. */
type ForeignResolver = (...parameters: Parameters<Resolver>) => unknown

/**
 * A resolver from a file: an ES module's default export, or what a CommonJS module exports.
 * @param file relative to the working directory
 * @throws ResolverSetupError naming the file
 */
export async function moduleResolver(file: string): Promise<UncheckedResolver> {
  const path = resolvePath(file)
  const resolver = findDefault(await load(path))
  if (resolver === undefined) {
    throw new ResolverSetupError(`${path}: expected the default export to be a function (click, context) => landing`)
  }
  return (click, { controller, log, requestId }) =>
    resolver(click, { signal: controller.signal, log: log.child({ request_id: requestId, click_id: click.id }) })
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

/** Codes whose messages contain only names of files and packages. */
const SAFE_CODES = new Set([
  'ERR_MODULE_NOT_FOUND',
  'ERR_PACKAGE_PATH_NOT_EXPORTED',
  'ERR_REQUIRE_ASYNC_MODULE',
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_DIR_IMPORT',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
])

/** An error that the file threw may contain a secret: of that, only the kind and the place are shown. */
function explain(error: unknown): string {
  const { error: kind, error_code: code, error_at: [frame = ''] = [] } = describeError(error)
  // A syntax error's first frame is Node's own parser; its message quotes only source text.
  const isSafe = SAFE_CODES.has(code ?? '') || (kind === 'SyntaxError' && frame.includes('(node:internal/'))
  const hasMessage = isSafe && typeof error === 'object' && error !== null && 'message' in error
  return [code ?? kind, hasMessage ? String(error.message) : frame].join(' ').trim()
}

/** An imported CommonJS module has its exports under `default`; compilers add another `default` inside. */
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
