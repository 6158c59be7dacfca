import { resolve as resolvePath } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describeError } from '../observability/log.ts'
import { withTimeout } from '../base/timeout.ts'
import type { ActionRequest, Click } from '../click/click.ts'
import { ResolverSetupError, type ResolverContext, type Unchecked } from './resolver.ts'

const LOAD_TIMEOUT_MS = 10_000

/** A function from the operator's file, whose answer has any type. */
type ForeignFunction<Asked> = (asked: Asked, context: ResolverContext) => unknown

/** What the operator's file exports: the resolver, and the function that answers dynamic actions if there is one. */
export type ResolverModule = { resolver: Unchecked<Click>; dynamicAction: Unchecked<ActionRequest> | undefined }

/**
 * Loads a file: an ES module, whose default export is the resolver, or a CommonJS module, which exports it.
 * @param file relative to the working directory
 * @throws ResolverSetupError naming the file
 */
export async function loadResolverModule(file: string): Promise<ResolverModule> {
  const path = resolvePath(file)
  const namespace = await load(path)
  const [resolver] = defaultsOf(namespace).filter(isFunction)
  if (resolver === undefined) {
    throw new ResolverSetupError(`${path}: expected the default export to be a function (click, context) => landing`)
  }
  const dynamicAction = findDynamicAction(namespace)
  if (dynamicAction !== undefined && !isFunction(dynamicAction)) {
    throw new ResolverSetupError(`${path}: expected dynamicAction to be a function (request, context) => answer`)
  }
  return { resolver: toUnchecked(resolver), dynamicAction: dynamicAction && toUnchecked(dynamicAction) }
}

function toUnchecked<Asked extends Click>(foreign: ForeignFunction<Asked>): Unchecked<Asked> {
  return (asked, { controller, log, requestId }) =>
    foreign(asked, { signal: controller.signal, log: log.child({ request_id: requestId, click_id: asked.id }) })
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
function defaultsOf(namespace: unknown): unknown[] {
  const outer = defaultOf(namespace)
  return [outer, defaultOf(outer)]
}

function defaultOf(exported: unknown): unknown {
  return hasMembers(exported) && 'default' in exported ? exported.default : undefined
}

function findDynamicAction(namespace: unknown): unknown {
  return [namespace, ...defaultsOf(namespace)]
    .map((exported) => (hasMembers(exported) && 'dynamicAction' in exported ? exported.dynamicAction : undefined))
    .find((found) => found !== undefined)
}

function hasMembers(value: unknown): value is object {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function isFunction(value: unknown): value is ForeignFunction<Click> {
  return typeof value === 'function'
}
