import * as z from 'zod'
import { ABOUT_USERS, ADDED, LEFT_OUT, ORDERS, RESOURCES, USERS } from './corrections.ts'

const METHODS = ['get', 'post', 'put', 'delete'] as const

const operationSchema = z.object({
  operationId: z.string(),
  security: z.array(z.object({ OAuth: z.array(z.string()).default([]) })).default([]),
  requestBody: z.unknown().optional(),
})

/** The parts of an OpenAPI 3 document that the table is made of. Another method would be missed, so it is an error. */
const documentSchema = z.object({
  paths: z.record(z.string(), z.partialRecord(z.enum(METHODS), operationSchema)),
})

/** A row of `src/platform/operations.json`. */
export type Row = {
  name: string
  method: string
  path: string
  /** One of them is enough, the narrowest first. `{token}` stands for the value of that path parameter. */
  scopes: readonly string[]
  /** The path parameter that names the user. */
  user?: string
  /** Whether Divar requires a body. */
  body: boolean
  /** The answer says who a user is. */
  aboutUsers?: true
}

/** The table of platform calls: the published operations with our corrections, in the order of their paths. */
export function tableOf(document: unknown): Row[] {
  const published = Object.entries(documentSchema.parse(document).paths).flatMap(([path, methods]) =>
    METHODS.flatMap((method) => {
      const operation = methods[method]
      const isOurs = LEFT_OUT.has(`${method.toUpperCase()} ${path}`)
      return operation === undefined || isOurs ? [] : [rowOf(method.toUpperCase(), path, operation)]
    }),
  )
  const keyOf = ({ path, method }: Row) => `${path} ${method}`
  return [...published, ...ADDED]
    .map((row) => (ABOUT_USERS.has(row.name) ? { ...row, aboutUsers: true as const } : row))
    .sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1))
}

function rowOf(method: string, path: string, operation: z.infer<typeof operationSchema>): Row {
  const { operationId: name, security, requestBody } = operation
  const parameters = Array.from(path.matchAll(/\{(\w+)\}/g), ([, parameter = '']) => parameter)
  const user = parameters.find((parameter) => USERS.has(parameter))
  const scopes = ORDERS[name] ?? security.flatMap(({ OAuth }) => OAuth)
  return {
    name,
    method,
    path,
    scopes: scopes.map((scope) => writeScope(scope, name, parameters)).toSorted(byResource),
    ...(user !== undefined && { user }),
    body: requestBody !== undefined,
  }
}

/** `POST_EDIT.post_token` becomes `POST_EDIT.{post_token}`, with the name of the path parameter. */
function writeScope(scope: string, name: string, parameters: readonly string[]): string {
  const [permission = '', resource] = scope.split('.')
  if (resource === undefined) return permission
  const parameter = RESOURCES[name] ?? resource
  if (!parameters.includes(parameter)) {
    throw new Error(`${name}: which path parameter is the resource of ${scope}? Add it to corrections.ts.`)
  }
  return `${permission}.{${parameter}}`
}

/** A scope for one resource is narrower than one for everything of the user. */
function byResource(one: string, other: string): number {
  return Number(other.includes('{')) - Number(one.includes('{'))
}
