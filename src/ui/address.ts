/** The state of a page that is kept in its address, so that a link leads to the same view. */

type Values = Readonly<Record<string, string>>

export function fromAddress(name: string): string {
  return new URLSearchParams(location.search).get(name) ?? ''
}

/** The same of the fragment, which browsers do not send to servers. */
export function fromFragment(name: string): string {
  return new URLSearchParams(location.hash.slice(1)).get(name) ?? ''
}

/** An empty value removes its name from the address. */
export function toAddress(values: Values, inFragment: Values = {}): void {
  const url = new URL(location.href)
  const fragment = new URLSearchParams(url.hash.slice(1))
  setAll(url.searchParams, values)
  setAll(fragment, inFragment)
  if (Object.keys(inFragment).length > 0) url.hash = fragment.toString()
  history.replaceState(null, '', url)
}

function setAll(params: URLSearchParams, values: Values): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === '') params.delete(name)
    else params.set(name, value)
  }
}
