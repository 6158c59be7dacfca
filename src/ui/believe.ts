/** What the page's own server wrote is believed to be of the type that it is declared to be. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller names what the server declares
export function believe<Declared>(text: string): Declared {
  // eslint-disable-next-line @typescript-eslint/no-unsafe-return -- see above
  return JSON.parse(text)
}
