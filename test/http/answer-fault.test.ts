import { expect, test } from '@jest/globals'
import { Fault } from '../../src/base/fault.ts'
import { platformShape, problemShape } from '../../src/http/answer-fault.ts'

test('a problem has the extra headers of its fault, which replace none of its own', () => {
  const fault = new Fault('queue_full', 'Repeat later.', {
    retryAfter: 3,
    headers: { ratelimit: '"queue";r=0;t=3', 'content-type': 'text/html', 'retry-after': '0' },
  })
  expect(problemShape(fault, 'req_x')).toMatchObject({
    status: 429,
    headers: {
      'content-type': 'application/problem+json; charset=utf-8',
      'retry-after': '3',
      ratelimit: '"queue";r=0;t=3',
    },
  })
})

test.each([
  ['idempotency_key_running', 10],
  ['internal_error', 13],
  ['store_unavailable', 14],
  ['store_outcome_unknown', 2],
] as const)('on the paths of the platform %s has the gRPC code %i', (code, grpc) => {
  expect(JSON.parse(platformShape(new Fault(code, 'why'), 'req_x').body)).toMatchObject({ code: grpc, message: 'why' })
})
