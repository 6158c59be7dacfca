/** What the server wrote into the page about itself. */
const { origin, publicOrigin, publicAt, publicPort, formKeys: keysText } = document.documentElement.dataset

/** Where the public routes are, which Divar and users' browsers call. */
const publicAddress = publicAt ?? (publicPort === undefined ? location.origin : atPort(publicPort))

/** What a form begins with, by its header; empty unless the gateway's keys are made up. */
export const formKeys: ReadonlyMap<string, string> = readKeys()

/** Keys in the samples of the guide, which are those of the demo, and the headers that they are sent in. */
const DEMO_KEYS = [
  ['demo-internal-key', 'x-api-key'],
  ['demo-user-token', 'x-access-token'],
] as const

/** The samples are written for the demo; a copy is for the gateway that serves this page. */
export function forThisGateway(code: string): string {
  // At once: an address that was put in is not looked for again.
  const placed = new Map([
    [origin, location.origin],
    [publicOrigin, publicAddress],
    ...DEMO_KEYS.map(([text, header]) => [text, formKeys.get(header)] as const),
  ])
  return code.replaceAll(/http:\/\/127\.0\.0\.1:\d+|demo-[a-z]+-[a-z]+/g, (found) => placed.get(found) ?? found)
}

function atPort(port: string): string {
  const url = new URL(location.origin)
  url.port = port
  return url.origin
}

function readKeys(): ReadonlyMap<string, string> {
  const keys: unknown = JSON.parse(keysText ?? '{}')
  if (typeof keys !== 'object' || keys === null) return new Map()
  return new Map(Object.entries(keys).flatMap(([name, key]) => (typeof key === 'string' ? [[name, key]] : [])))
}
