import { elapsedMs } from '../http/app.ts'
import type { Click } from '../click/click.ts'
import type { Call } from './call.ts'
import type { Unchecked } from './resolver.ts'

/** A finished call of the operator's function, for a developer who watches it. It contains data of the click. */
export type ObservedCall = {
  asked: Click
  /** As the function answered, unchecked; undefined when it threw or was late. */
  answer: unknown
  /** Why there is no usable answer; undefined for a success. */
  error: unknown
  ms: number
}

/** Must not throw. */
export type ObserveCall = (call: ObservedCall) => void

/**
 * Reports each call once it has ended.
 * @param create makes the call of a function, with its deadline and checks
 * @param observe without it, this is `create(run)`
 */
export function observed<Asked extends Click, Checked>(
  create: (run: Unchecked<Asked>) => Call<Asked, Checked>,
  run: Unchecked<Asked>,
  observe: ObserveCall | undefined,
): Call<Asked, Checked> {
  if (observe === undefined) return create(run)
  const answers = new WeakMap<Asked, unknown>()
  const call = create(async (asked, context) => {
    const answer = await run(asked, context)
    answers.set(asked, answer)
    return answer
  })
  return async (asked, context) => {
    const startedAt = performance.now()
    const report = (error?: unknown) => {
      observe({ asked, answer: answers.get(asked), error, ms: elapsedMs(startedAt) })
    }
    try {
      const checked = await call(asked, context)
      report()
      return checked
    } catch (error) {
      report(error)
      throw error
    }
  }
}
