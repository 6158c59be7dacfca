const EVERY_MS = 10_000

/** What a long run is at, on stderr: one line that is rewritten on a terminal, a line every now and then elsewhere. */
export function createProgress(): { tell: (what: string) => void; end: () => void } {
  const { stderr } = process
  let last = -Infinity
  return {
    tell: (what) => {
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
