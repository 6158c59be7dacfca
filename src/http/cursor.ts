/** Where a list goes on. Opaque, so that nobody counts on what it is. */
export function writeCursor(seq: number | undefined): string | null {
  return seq === undefined ? null : Buffer.from(`before ${seq}`).toString('base64url')
}

export function readCursor(text: string): number | undefined {
  const seq = /^before (\d{1,15})$/.exec(Buffer.from(text, 'base64url').toString('latin1'))?.[1]
  return seq === undefined ? undefined : Number(seq)
}
