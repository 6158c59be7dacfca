import { startDeadline } from './deadline.ts'

/** Waits for work, but no longer than this many milliseconds: its value, or `undefined` when it is late. The work itself goes on. */
export async function within<Value>(ms: number, work: Promise<Value>): Promise<{ value: Value } | undefined> {
  const late = Promise.withResolvers<undefined>()
  const stop = startDeadline(ms, () => {
    late.resolve(undefined)
  })
  try {
    return await Promise.race([work.then((value) => ({ value })), late.promise])
  } finally {
    stop()
  }
}
