import type { ServerResponse } from 'node:http'

/** Answers JSON in one write, without what Express would ask itself before: whether it is fresh, which type, which charset. */
export function answerJson(response: ServerResponse, status: number, value: unknown): void {
  const body = JSON.stringify(value)
  const length = String(Buffer.byteLength(body))
  response.writeHead(status, ['content-type', 'application/json; charset=utf-8', 'content-length', length]).end(body)
}
