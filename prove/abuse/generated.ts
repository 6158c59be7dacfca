import fc from 'fast-check'
import {
  CLICK_V1,
  CLICK_V2,
  EVENT_BOT,
  EVENT_MESSAGE,
  EVENT_PAYMENT,
  MESSAGE_V1,
  MESSAGE_V2,
} from '../../test/support/marked-values.ts'

/** Bodies for the front doors: near enough to be read, far from it, broken on the way, and no text at all. */

const DOORS = ['click v1', 'click v2', 'message', 'event'] as const
type Door = (typeof DOORS)[number]
export type Generated = { door: Door; body: Buffer; isAsync: boolean }

const SEEDS: Record<Door, readonly Readonly<Record<string, unknown>>[]> = {
  'click v1': [CLICK_V1],
  'click v2': [CLICK_V2],
  message: [MESSAGE_V1, MESSAGE_V2],
  event: [EVENT_MESSAGE, EVENT_BOT, EVENT_PAYMENT],
}

/** Values that readers have stumbled over. */
const awkward = fc.constantFrom<unknown>(
  null, '', 0, -0, 1e308, -1, true, [], {}, [[]], '\u0000', '\ud800', '\u202e', ' ', 'a'.repeat(5000), '۱۲۳', '__proto__', 'constructor',
  { __proto__: null }, { toString: 1, valueOf: 1, then: 1 }, '9'.repeat(400), 'https://a.example/', 'javascript:alert(1)', '${7*7}', '{{7*7}}', '%00', '../../etc/passwd',
) // prettier-ignore
const anything = fc.oneof(awkward, fc.jsonValue({ maxDepth: 4 }), fc.string({ unit: 'binary' }), fc.double())

function nearTo(door: Door): fc.Arbitrary<string> {
  const seeds = SEEDS[door]
  const names = [...new Set(seeds.flatMap((seed) => Object.keys(seed)))]
  return fc
    .tuple(
      fc.constantFrom(...seeds),
      fc.dictionary(fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...names) }, fc.string()), anything, {
        maxKeys: 3,
      }),
      fc.subarray(names, { maxLength: 2 }),
    )
    .map(([seed, changed, left]) => {
      const entries = Object.entries({ ...seed, ...changed }).filter(([name]) => !left.includes(name))
      return JSON.stringify(Object.fromEntries(entries))
    })
}

/** One cut, one byte put in, or one overwritten. */
function broken(text: fc.Arbitrary<string>): fc.Arbitrary<Buffer> {
  return fc
    .tuple(text, fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255), fc.nat(2))
    .map(([whole, where, byte, how]) => {
      const bytes = Buffer.from(whole)
      const at = Math.floor(where * bytes.length)
      if (how === 0) return bytes.subarray(0, at)
      return Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), bytes.subarray(how === 1 ? at : at + 1)])
    })
}

const deep = fc
  .tuple(fc.nat(2000), fc.constantFrom('[', '{"a":'))
  .map(([levels, open]) => Buffer.from(open.repeat(levels)))

export const generated: fc.Arbitrary<Generated> = fc.constantFrom(...DOORS).chain((door) =>
  fc.record({
    door: fc.constant(door),
    isAsync: fc.boolean(),
    body: fc.oneof(
      { weight: 6, arbitrary: nearTo(door).map((text) => Buffer.from(text)) },
      { weight: 3, arbitrary: broken(nearTo(door)) },
      { weight: 2, arbitrary: fc.json().map((text) => Buffer.from(text)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)) },
      { weight: 1, arbitrary: deep },
    ),
  }),
)
