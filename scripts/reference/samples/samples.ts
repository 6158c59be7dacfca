import { readFileSync } from 'node:fs'
import type { ShownOperation, ShownParameters } from '../pages/shown.ts'
import { writeCurl } from './curl.ts'
import { writeGo } from './go.ts'
import { writeJavaScript } from './javascript.ts'
import { writePhp } from './php.ts'
import { writePython } from './python.ts'
import { INTERNAL_ORIGIN, PUBLIC_ORIGIN, type SampleHeader, type SampleRequest, type WriteSample } from './request.ts'

/** The languages of the samples, in the order of their tabs. Each uses its standard library alone. */
const LANGUAGES: Readonly<Record<string, { title: string; write: WriteSample }>> = {
  curl: { title: 'curl', write: writeCurl },
  javascript: { title: 'JavaScript', write: writeJavaScript },
  python: { title: 'Python', write: writePython },
  php: { title: 'PHP', write: writePhp },
  go: { title: 'Go', write: writeGo },
}

/** Programs that receive what the gateway sends, in examples/events. */
const RECEIVERS: Readonly<Record<string, string>> = { javascript: 'mjs', python: 'py', php: 'php', go: 'go' }

export type Sample = { id: string; title: string; code: string }

/** The request of an operation in each language, or the receiver of what the gateway sends; nothing for what only a browser opens. */
export function samplesOf(operation: ShownOperation, parameters: ShownParameters): readonly Sample[] {
  if (operation.tags.includes('webhooks')) return readReceivers()
  if (operation.path.startsWith('/oauth/')) return []
  const request = requestOf(operation, parameters)
  return Object.entries(LANGUAGES).map(([id, { title, write }]) => ({ id, title, code: write(request) }))
}

function readReceivers(): readonly Sample[] {
  return Object.entries(RECEIVERS).map(([id, extension]) => ({
    id,
    title: LANGUAGES[id]?.title ?? id,
    code: readFileSync(new URL(`../../../examples/events/receive.${extension}`, import.meta.url), 'utf8').trimEnd(),
  }))
}

function requestOf(operation: ShownOperation, parameters: ShownParameters): SampleRequest {
  const { method, path, security, requestBody } = operation
  const ofServices = security.some(({ gatewayKey }) => gatewayKey !== undefined)
  const [example] = Object.values(requestBody?.content['application/json']?.examples ?? {})
  const examples = new Map(parametersOf(operation, parameters).map(({ name, example: value = 'x' }) => [name, value]))
  const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(examples.get(name) ?? 'x'))
  return {
    method: method.toUpperCase(),
    url: `${ofServices ? INTERNAL_ORIGIN : PUBLIC_ORIGIN}${filled}`,
    headers: headersOf(operation, parameters),
    body: example?.value,
  }
}

function headersOf(operation: ShownOperation, parameters: ShownParameters): readonly SampleHeader[] {
  const { security, requestBody } = operation
  const headers: SampleHeader[] = []
  if (security.some(({ gatewayKey }) => gatewayKey !== undefined)) {
    headers.push({ name: 'x-api-key', variable: 'GATEWAY_KEY' })
  }
  if (security.some(({ identificationKey }) => identificationKey !== undefined)) {
    headers.push({ name: 'authorization', variable: 'IDENTIFICATION_KEY' })
  }
  if (parametersOf(operation, parameters).some(({ name }) => name === 'x-access-token')) {
    headers.push({ name: 'x-access-token', variable: 'USER_TOKEN' })
  }
  return requestBody === undefined ? headers : [...headers, { name: 'content-type', value: 'application/json' }]
}

/** The parameters of an operation, each with where it goes. */
export function parametersOf(
  { parameters }: ShownOperation,
  named: ShownParameters,
): readonly { name: string; in: string; description?: string | undefined; example?: string | undefined }[] {
  return parameters.flatMap((parameter) =>
    '$ref' in parameter ? (named[parameter.$ref.slice(parameter.$ref.lastIndexOf('/') + 1)] ?? []) : [parameter],
  )
}
