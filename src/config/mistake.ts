import * as z from 'zod'

/** What exactly is wrong with a text. Never contains a part of it, which may be a secret. */
export class Mistake {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export function required(error: string) {
  return z.string({ error: (issue) => (issue.input === undefined ? `missing; ${error}` : error) })
}

/**
 * @param error begins with `expected`
 * @param parse the value of a text; undefined, or the mistake, when it is not what `error` says was expected
 */
export function parsed<Value>(error: string, parse: (text: string) => Value | Mistake | undefined) {
  return required(error).transform((text, context): Value => {
    const value = parse(text)
    const mistake = value instanceof Mistake ? `${value.text}; ` : ''
    if (value !== undefined && !(value instanceof Mistake)) return value
    context.addIssue({ code: 'custom', message: mistake + error })
    return z.NEVER
  })
}

export function splitList(list: string): string[] {
  return list.split(',').map((entry) => entry.trim())
}

/** The first mistake in the entries of a list; undefined if there is none. */
export function findMistake(
  entries: readonly string[],
  mistakeIn: (entry: string) => string | undefined,
): Mistake | undefined {
  for (const [index, entry] of entries.entries()) {
    const mistake = entry === '' ? 'is empty' : mistakeIn(entry)
    if (mistake !== undefined)
      return new Mistake(entries.length === 1 ? `it ${mistake}` : `entry ${index + 1} ${mistake}`)
  }
  const repeated = entries.findIndex((entry, index) => entries.indexOf(entry) !== index)
  return repeated === -1 ? undefined : new Mistake(`entry ${repeated + 1} repeats an earlier one`)
}

const QUOTED = /^["'`“”‘’«»].*["'`“”‘’«»]$/su

/** A hint for an invalid value as readers of `.env` files misread it: `docker run --env-file` keeps quotes and comments. */
export function explainEnvFile(value: string): string {
  if (QUOTED.test(value)) return '; the quotes around it count as part of it: remove them'
  return /\s#/.test(value) ? '; a comment after a value counts as part of it: put it on a line of its own' : ''
}
