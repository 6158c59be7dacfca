/** The first field that a form or query holds more than once; OAuth forbids that of every parameter (RFC 6749, 3.1 and 3.2). */
export function repeatedField(form: URLSearchParams): string | undefined {
  return [...form.keys()].find((name) => form.getAll(name).length > 1)
}

/** Whether a name or value was not UTF-8, which URLSearchParams decodes to U+FFFD, or holds a NUL. */
export function hasBrokenText(form: URLSearchParams): boolean {
  return [...form].flat().some((text) => isBrokenText(text) || text.includes('\ufffd'))
}

/** Whether a text holds a NUL or half of a surrogate pair. */
function isBrokenText(text: string): boolean {
  return !text.isWellFormed() || text.includes('\0')
}

/** Where a JSON value holds such a text, its member names included; undefined when it holds none. */
export function findBrokenText(value: unknown, at = ''): string | undefined {
  if (typeof value === 'string') return isBrokenText(value) ? at : undefined
  if (typeof value !== 'object' || value === null) return undefined
  for (const [name, inner] of Object.entries(value)) {
    const place = at === '' ? name : `${at}.${name}`
    const found = isBrokenText(name) ? at : findBrokenText(inner, place)
    if (found !== undefined) return found
  }
  return undefined
}
