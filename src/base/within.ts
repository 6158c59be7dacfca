/** Waits for work, but no longer than this many milliseconds: its value, or `undefined` when it is late. The work itself goes on. */
export async function within<Value>(ms: number, work: Promise<Value>): Promise<{ value: Value } | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, ms, undefined)
  })
  try {
    return await Promise.race([work.then((value) => ({ value })), late])
  } finally {
    clearTimeout(timer)
  }
}
