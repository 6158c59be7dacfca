const EVERY_MS = 10_000

/** The current step on standard error: one line that is rewritten on a terminal, otherwise a line now and then. */
export function createProgress(): { show: (what: string) => void; end: () => void } {
  const { stderr } = process
  let last = -Infinity
  return {
    show: (what) => {
      if (stderr.isTTY) {
        stderr.write(`\r\u001b[K${what}`)
      } else if (performance.now() - last >= EVERY_MS) {
        stderr.write(`… ${what}\n`)
        last = performance.now()
      }
    },
    end: () => {
      if (stderr.isTTY) stderr.write('\r\u001b[K')
    },
  }
}
