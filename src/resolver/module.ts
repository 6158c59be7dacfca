import { resolve as resolvePath } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describeError } from '../base/log.ts'
import { ResolverSetupError, type UncheckedResolver } from './resolver.ts'

const LOAD_TIMEOUT_MS = 10_000

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
  return resolver
}

async function load(path: string): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new ResolverSetupError(`${path}: did not finish loading within ${LOAD_TIMEOUT_MS} ms`))
    }, LOAD_TIMEOUT_MS)
  })
  try {
    return await Promise.race([import(pathToFileURL(path).href), late])
  } catch (error) {
    if (error instanceof ResolverSetupError) throw error
    throw new ResolverSetupError(`${path}: cannot be loaded: ${explain(error)}`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}

/** What Node says of a file may be told; what the file itself threw may hold a secret, and only its kind and place are. */
function explain(error: unknown): string {
  const { error: kind, error_code: code, error_at: frames } = describeError(error)
  const isNodes = kind === 'SyntaxError' || code?.startsWith('ERR_')
  if (isNodes && typeof error === 'object' && error !== null && 'message' in error) return String(error.message)
  return [code ?? kind, ...(frames ?? []).slice(0, 1)].join(' ')
}

/** CommonJS seen from here has its exports under `default`, and compilers put another `default` into these. */
function findDefault(namespace: unknown): UncheckedResolver | undefined {
  const outer = memberOf(namespace)
  if (isFunction(outer)) return outer
  const inner = memberOf(outer)
  return isFunction(inner) ? inner : undefined
}

function memberOf(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'default' in value ? value.default : undefined
}

function isFunction(value: unknown): value is UncheckedResolver {
  return typeof value === 'function'
}
