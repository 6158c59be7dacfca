/** The app's limits at Divar, in sends; undefined for no limit. */
export type SendLimits = { perMinute: number | undefined; perDay: number | undefined }

export type ClaimOptions = {
  /** How long the message that probes a rate limit hold may take, in milliseconds. */
  probeLeaseMs?: number
  /** Whether a message could probe at once; true by default. */
  mayProbe?: boolean
  /** The app's limits, under which the claims of all gateways stay together; absent for none. */
  limits?: SendLimits | undefined
}

/** Keeps the queued messages of all gateways under the app's limits. */
export type PacingStore = {
  /** Counts sends that no claim has counted. They are never held back, but leave less room for queued messages. */
  countSends: (sends: number, limits: SendLimits) => Promise<void>
}
