import type { Misbehaviour } from './faults.ts'
import type { Received } from './http.ts'
import type { Side, Words } from './shown.ts'

export type SimulatorOptions = {
  /** Default: any free one. */
  port?: number
  /** The address that it listens on. Default: 127.0.0.1, which only this machine can reach. */
  host?: string
  /** Host names that it may be called by, besides those of this machine and `host`: for containers, `host.docker.internal`. */
  allowedHosts?: string[]
  /** The API key that the platform gave to the app. */
  apiKey: string
  /** What clicks are authenticated with. */
  identificationKey?: string
  /** The app's session-initialization URL. */
  sessionUrl?: string
  /** The app's dynamic-action URL and events URL. Default: `action` and `events` beside the session-initialization URL. */
  actionUrl?: string
  eventsUrl?: string
  /** The app as the platform's consent knows it. */
  app?: { slug: string; clientSecret: string; title?: Words; redirectUris?: string[] }
  /** Access tokens that are good from the start. */
  tokens?: { accessToken: string; refreshToken?: string; side: Side; scopes: string[] }[]
  /**
   * `strict` refuses what the platform would refuse; `note` takes any message with a key, a token and an object for a body, and only
   * notes the rest: for tests that are about something else. Default: `note`.
   */
  checks?: 'strict' | 'note'
  /** The gateway that is the app, for pages that send through it: the address of its internal routes, and the key of a caller. */
  gateway?: { url: string; internalKey: string; docsUrl?: string }
  /**
   * Awaited before clicks, events and other calls of the app, for at most 20 s: resolves once the app can be called, to undefined, or
   * to the reason why it cannot be, which a click answers. Default: it can be called.
   */
  ready?: () => Promise<string | undefined>
  /** Called with one line for each exchange, also those that the platform began, and one for each note on it, such as the reason of a refusal. */
  log?: (line: string) => void
  /** The clock that codes and tokens expire by, in ms. */
  now?: () => number
  /** Called for each send when no misbehaviour is queued; undefined for the normal answer. */
  decide?: (received: Received) => Misbehaviour | undefined
  /** Called for each send once its answer is decided, also if the answer is lost; with status 0 when there is none. */
  onSend?: (received: Received, status: number) => void
}
