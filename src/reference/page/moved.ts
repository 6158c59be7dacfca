/** An anchor of the start page whose place is on another page now: leads there. The address in the `type` of an error is one. */
export function followMoved(): void {
  const entry = placeNamed(location.hash)
  const link = entry?.matches('[data-moved]') ? entry.querySelector('a') : null
  if (link !== null) location.replace(link.href)
}

/** The element that an address names after `#`; null for a name that cannot be decoded. */
export function placeNamed(hash: string): HTMLElement | null {
  try {
    return document.getElementById(decodeURIComponent(hash.slice(1)))
  } catch {
    return null
  }
}
