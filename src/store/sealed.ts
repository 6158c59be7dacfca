/** Bytes that nobody reads without the key of this id. */
export type Sealed = { keyId: string; bytes: Uint8Array }
