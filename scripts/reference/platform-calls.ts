import type { FaultCode } from '../../src/base/fault.ts'
import type { JsonObject } from '../../src/base/strict-json.ts'
import { OPERATIONS, permissionsFor, type Operation } from '../../src/platform/operations.ts'
import { refTo } from './components.ts'
import { callExamples, pathExamples } from './examples.ts'
import { ANY_BODY, ANY_CALLER } from './operation.ts'
import { security } from './sections.ts'
import type { Language } from './text.ts'

/** Errors of the gateway's own; Divar's come back as they are. */
const CODES: readonly FaultCode[] = [
  ...ANY_BODY,
  ...ANY_CALLER,
  'not_allowed',
  'user_required',
  'consent_required',
  'token_refused',
  'not_found',
  'sender_ambiguous',
  'too_many_calls',
  'grant_unreadable',
  'stored_unreadable',
  'platform_error',
  'not_sent',
  'platform_unavailable',
  'store_unavailable',
  'unknown',
]

/** Platform calls as they are documented. They are many and alike, so their responses are described once. */
export function describeCalls(language: Language): { paths: Record<string, JsonObject>; responses: JsonObject } {
  const paths: Record<string, JsonObject> = {}
  for (const operation of OPERATIONS) {
    const described = describeCall(operation, language)
    paths[operation.path] = { ...paths[operation.path], [operation.method.toLowerCase()]: described }
  }
  return { paths, responses: describeResponses(language) }
}

function describeCall(operation: Operation, language: Language): JsonObject {
  const { name, path, scopes, user, body } = operation
  const inPath = Array.from(path.matchAll(/\{(\w+)\}/g), ([, parameter = '']) => parameter)
  const headers = scopes.length === 0 ? [] : ['x-access-token', ...(user === undefined ? ['x-divar-user-id'] : [])]
  return {
    operationId: name,
    tags: ['platform'],
    summary: language === 'en' ? `Divar’s \`${name}\`` : `\`${name}\` دیوار`,
    description: describeScopes(scopes, language),
    security: security('service', [permissionsFor(operation)]),
    parameters: [
      ...inPath.map((parameter) => ({
        name: parameter,
        in: 'path',
        required: true,
        schema: { type: 'string' },
        example: pathExamples[parameter] ?? 'x',
      })),
      ...headers.map((header) => ({ $ref: `#/components/parameters/${header}` })),
    ],
    ...(body && {
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: { type: 'object' }, examples: { [name]: { value: callExamples[name] ?? {} } } },
        },
      },
    }),
    responses: {
      200: { $ref: '#/components/responses/PlatformAnswer' },
      default: { $ref: '#/components/responses/PlatformRefusal' },
    },
  }
}

function describeScopes(scopes: readonly string[], language: Language): string {
  const listed = scopes.map((scope) => `\`${scope}\``).join(language === 'en' ? ' or ' : ' یا ')
  if (language === 'en') return scopes.length === 0 ? 'No user is involved.' : `Scope: ${listed}.`
  return scopes.length === 0 ? 'به کاربری وابسته نیست.' : `scope: ${listed}.`
}

function describeResponses(language: Language): JsonObject {
  const headers = Object.fromEntries(
    ['x-request-id', 'Retry-After'].map((name) => [name, { $ref: `#/components/headers/${name}` }]),
  )
  return {
    PlatformAnswer: {
      description:
        language === 'en'
          ? 'Divar’s answer, as in Divar’s own documentation.'
          : 'پاسخ دیوار، همان که در مستندات دیوار آمده است.',
      headers,
      content: { 'application/json': { schema: {} } },
    },
    PlatformRefusal: {
      description:
        language === 'en'
          ? 'An error of Divar’s as it came, or of the gateway with its problem document in `details`.'
          : 'خطای دیوار همان‌طور که آمد، یا خطای دروازه با سند خطا در `details`.',
      headers,
      content: { 'application/json': { schema: { anyOf: [refTo('PlatformError'), { type: 'object' }] } } },
      'x-codes': CODES,
    },
  }
}
