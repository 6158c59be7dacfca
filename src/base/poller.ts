export type Poller = ReturnType<typeof createPoller>

/**
 * Calls `poll`, one call at a time: when it is woken, and again after the milliseconds that the last call resolved to.
 * @param poll must not reject
 */
export function createPoller(poll: () => Promise<number>) {
  let polling: Promise<void> | undefined
  let pollAgain = false
  let timer: NodeJS.Timeout | undefined
  let stopped = false

  const wake = (): void => {
    if (stopped) return
    if (polling !== undefined) {
      pollAgain = true
      return
    }
    clearTimeout(timer)
    polling = poll().then((nextInMs) => {
      polling = undefined
      if (pollAgain) {
        pollAgain = false
        wake()
      } else if (!stopped) timer = setTimeout(wake, nextInMs)
    })
  }

  return {
    /** Polls now, or as soon as the current call is over. */
    wake,
    isStopped: (): boolean => stopped,
    /** Polls no more; resolves when no call is running. */
    stop: async (): Promise<void> => {
      stopped = true
      clearTimeout(timer)
      await polling
    },
  }
}
