import { expect, test } from '@jest/globals'
import { Fault } from '../../src/base/fault.ts'
import { problemShape } from '../../src/http/answer-fault.ts'

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
