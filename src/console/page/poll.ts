import { Refusal } from './api.ts'

const EVERY_MS = 5000

export type Poll = {
  /** Reads again now, rather than at the next turn. */
  now: () => void
}

/**
 * Reads every 5 s while the page is in sight.
 * @param read what is read each time
 * @param tell whether the last reading succeeded
 */
export function poll(read: () => Promise<void>, tell: (isReachable: boolean) => void): Poll {
  let timer: ReturnType<typeof setTimeout> | undefined
  let running = false
  let again = false
  const turn = async () => {
    clearTimeout(timer)
    if (running) {
      again = true
      return
    }
    running = true
    try {
      await read()
      tell(true)
    } catch (error) {
      if (isSessionEnd(error)) {
        leave()
        return
      }
      // A refusal with a code is the gateway's own; others come from what is between.
      tell(error instanceof Refusal && error.code !== '')
    } finally {
      running = false
    }
    if (again) {
      again = false
      start()
    } else if (!document.hidden) timer = setTimeout(start, EVERY_MS)
  }
  const start = () => {
    void turn()
  }
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) clearTimeout(timer)
    else start()
  })
  start()
  return { now: start }
}

export function isSessionEnd(error: unknown): boolean {
  return error instanceof Refusal && error.status === 401
}

/** To the log-in page, which says that the session has ended and leads back here. */
export function leave(): void {
  const url = new URL(location.href)
  url.searchParams.set('ended', '1')
  location.replace(url)
}
