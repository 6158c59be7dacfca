import type { JsonObject } from '../../../src/base/strict-json.ts'

/** The demo's gateway. The page puts the addresses of the gateway that serves it in their place. */
export const INTERNAL_ORIGIN = 'http://127.0.0.1:3001'
export const PUBLIC_ORIGIN = 'http://127.0.0.1:3000'

/** A header whose value is a secret comes from the environment, so that no key is in the code. */
export type SampleHeader = { name: string; value: string } | { name: string; variable: string }

/** The request of a sample, before it is written in a language. */
export type SampleRequest = {
  method: string
  url: string
  headers: readonly SampleHeader[]
  body: JsonObject | undefined
}

export type WriteSample = (request: SampleRequest) => string

/** JSON over several lines, indented like the line that it begins in. */
export function indented(json: string, indent: string): string {
  return json.replaceAll('\n', `\n${indent}`)
}
