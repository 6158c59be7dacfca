import { startDeadline } from '../base/timeout.ts'
import { ResolverError, type CallContext, type Unchecked } from './resolver.ts'

/** Synchronous if the function is. */
export type Call<Asked, Checked> = (
  asked: Asked,
  context: Omit<CallContext, 'controller'>,
) => Promise<Checked> | Checked

export type CallOptions<Asked, Checked> = {
  run: Unchecked<Asked>
  /** The function in errors, such as `the resolver`. */
  name: string
  timeoutMs: number
  /** @throws ResolverError */
  check: (answer: unknown) => Checked
  /** Ends all running calls when the process must stop. */
  shutdownSignal: AbortSignal
}

/**
 * Runs a function of the operator's with its timeout and checks its answer. On timeout its signal is aborted, and a later answer is discarded.
 * @throws ResolverError when it throws, times out, or answers nothing usable
 */
export function createCall<Asked, Checked>(options: CallOptions<Asked, Checked>): Call<Asked, Checked> {
  const { run, name, check } = options
  return (asked, context) => {
    const controller = new AbortController()
    let answer: unknown
    try {
      answer = run(asked, { ...context, controller })
    } catch (error) {
      throw asResolverError(error, name)
    }
    return isThenable(answer) ? inTime(answer, controller, options).then(check) : check(answer)
  }
}

async function inTime(
  answer: PromiseLike<unknown>,
  controller: AbortController,
  { name, timeoutMs, shutdownSignal }: Pick<CallOptions<never, unknown>, 'name' | 'timeoutMs' | 'shutdownSignal'>,
): Promise<unknown> {
  const late = Promise.withResolvers<never>()
  const end = (reason: string) => {
    late.reject(new ResolverError(reason))
    controller.abort(reason)
  }
  const stopDeadline = startDeadline(timeoutMs, () => {
    end(`${name} missed its deadline of ${timeoutMs} ms`)
  })
  const onShutdown = () => {
    end(`the process ended before ${name} answered`)
  }
  shutdownSignal.addEventListener('abort', onShutdown)
  if (shutdownSignal.aborted) onShutdown()
  try {
    return await Promise.race([answer, late.promise])
  } catch (error) {
    throw asResolverError(error, name)
  } finally {
    stopDeadline()
    shutdownSignal.removeEventListener('abort', onShutdown)
  }
}

function asResolverError(error: unknown, name: string): ResolverError {
  return error instanceof ResolverError ? error : new ResolverError(`${name} threw`, error)
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
