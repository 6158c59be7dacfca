const NAME_WIDTH = 56
const VALUE_WIDTH = 16

/** The table on standard output: figures, and guarantees with their result. */
export class Report {
  broken = 0
  kept = 0
  skipped = 0

  section(title: string): void {
    print(`\n${title}`)
  }

  figure(name: string, value: string | number): void {
    print(row(name, value))
  }

  promise(name: string, value: string | number, limit: string, isKept: boolean): void {
    if (isKept) this.kept += 1
    else this.broken += 1
    print(`${row(name, value)}  ${limit.padEnd(20)} ${isKept ? 'ok' : 'BROKEN'}`)
  }

  /** The most common guarantee: that something never happened. */
  none(name: string, value: number): void {
    this.promise(name, value, 'must be 0', value === 0)
  }

  failed(reason: string): void {
    this.broken += 1
    print(`\nBROKEN: ${reason}`)
  }

  /** Leaves a part out on a machine that lacks something. Where TESTS_REQUIRE_ALL is set, as in CI, that breaks the promise. */
  skip(what: string, why: string): void {
    if (process.env['TESTS_REQUIRE_ALL'] !== undefined) {
      this.failed(`${what} cannot be shown: ${why}`)
      return
    }
    this.skipWithoutHistory(what, why)
  }

  /** A shallow clone has no former version, and no setting of the machine changes that. */
  skipWithoutHistory(what: string, why: string): void {
    this.skipped += 1
    print(`\n${what} was skipped: ${why}`)
  }

  /** The result in the last line; `all.ts` repeats it. */
  verdict(): string {
    if (this.broken > 0) return `BROKEN (${this.broken})`
    if (this.kept === 0) return 'skipped'
    return this.skipped === 0 ? 'ok' : 'ok, in part skipped'
  }
}

function row(name: string, value: string | number): string {
  const text = typeof value === 'number' ? value.toLocaleString('en') : value
  return `  ${name.padEnd(NAME_WIDTH)} ${text.padStart(VALUE_WIDTH)}`
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
