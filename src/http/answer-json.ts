import type { Response } from 'express'

/** Answers JSON in one write, without what Express would ask itself before: whether it is fresh, which type, which charset. */
export function answerJson(response: Response, status: number, value: unknown): void {
  const body = JSON.stringify(value)
  // A head given as a list is that of JSON, see guarded.ts.
  response.writeHead(status, ['content-length', String(Buffer.byteLength(body))]).end(body)
}
