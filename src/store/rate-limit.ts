/** Divar wants nothing of this app for so long, or does not say for how long. */
export type Limit = { retryAfterMs: number | undefined }
