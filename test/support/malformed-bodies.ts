/** Bodies that no route can read, with what is said of them. CANARY may not be echoed. */
export const MALFORMED_BODIES: [string, string, string | RegExp][] = [
  ['nothing', '', 'body: expected JSON, found nothing'],
  ['half an object', '{"message":', /^body: expected well-formed JSON/],
  ['a word', 'CANARY', /^body: expected well-formed JSON/],
  ['two values', '{} {"CANARY":1}', /^body: expected well-formed JSON/],
  ['NaN', '{"a":NaN}', /^body: expected well-formed JSON/],
  ['a NUL in a string', '{"post_token":"\\u0000","message":"a\\u0000b"}', 'body: a string holds a NUL character'],
  ['a NUL in a key', '{"\\u0000":1}', 'body: a string holds a NUL character'],
  ['half a surrogate pair', '{"post_token":"\\ud800"}', 'body: a string holds half of a surrogate pair'],
  ['half a surrogate pair in a key', '{"a":{"\\udc00":1}}', 'body: a string holds half of a surrogate pair'],
  ['a NUL in a list', '{"a":["b",["c\\u0000"]]}', 'body: a string holds a NUL character'],
  ['half a surrogate pair in a list', '{"a":[1,{"b":["\\udfff"]}]}', 'body: a string holds half of a surrogate pair'],
  [
    'two halves of a surrogate pair, in the wrong order',
    '["\\udc00\\ud800"]',
    'body: a string holds half of a surrogate pair',
  ],
  ['65 levels', `${'{"a":'.repeat(65)}1${'}'.repeat(65)}`, 'body: expected at most 64 levels of nesting'],
  ['10,000 levels', '['.repeat(10_000) + ']'.repeat(10_000), 'body: expected at most 64 levels of nesting'],
  ['50,000 levels', '['.repeat(50_000) + ']'.repeat(50_000), 'body: expected at most 64 levels of nesting'],
  ['a number past all bounds', '{"a":1e999}', 'body: a number is too large'],
]

export const NOT_UTF8: [string, number[]][] = [
  ['a lone continuation byte', [0x22, 0x80, 0x22]],
  ['an overlong slash', [0x22, 0xc0, 0xaf, 0x22]],
  ['a surrogate in UTF-8', [0x22, 0xed, 0xa0, 0x80, 0x22]],
]
