import { jest } from '@jest/globals'
import { Router } from 'express'
import * as z from 'zod'

/** A route of the router table, with the path as Express has it. */
export type TestRoute = { method: string; path: string }

/** The router table: what a gateway hands to Express while it starts. */
export async function routesOf(start: () => Promise<unknown>): Promise<TestRoute[]> {
  const routers = z.custom<{ route: (path: unknown) => unknown }>((value) => typeof value === 'function')
  const watch = jest.spyOn(routers.parse(Router.prototype), 'route')
  await start()
  const made = watch.mock.calls.map(([path], at) => ({ path, route: watch.mock.results[at]?.value }))
  watch.mockRestore()
  const routes = made.flatMap(({ path, route }) =>
    Object.keys(methodsOf.parse(route).methods)
      // `all` and OPTIONS refuse methods; HEAD comes with GET.
      .filter((method) => !['_all', 'options', 'head'].includes(method))
      .flatMap((method) => pathsOf.parse(path).map((one) => `${method} ${one}`)),
  )
  return [...new Set(routes)].map((route) => {
    const [method = '', path = ''] = route.split(' ')
    return { method, path }
  })
}

/** A method as supertest has it. */
export const methodOf = z.enum(['get', 'post', 'put', 'delete'])

const methodsOf = z.object({ methods: z.record(z.string(), z.boolean()) })
const pathsOf = z.union([z.string().transform((path) => [path]), z.array(z.string())])
