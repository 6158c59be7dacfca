import { KEYS } from '../support/environment.ts'

/** Requests that two servers in a row could read differently: where one ends, whose it is, or whether there are two. */

const BODY = '{"post_token":"p","user_id":"u","peer_id":"q"}'
const INNER = `GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n`
const LENGTH = `content-length: ${BODY.length}`
const KEY = `authorization: ${KEYS.identification}`
const TYPE = 'content-type: application/json'
const CHUNKED = `${BODY.length.toString(16)}\r\n${BODY}\r\n0\r\n\r\n`

type Parts = { line?: string; headers: readonly string[]; body?: string; end?: string }

function form({ line = 'POST /divar/session HTTP/1.1', headers, body = BODY, end = '\r\n' }: Parts): string {
  return [line, ...headers, '', body].join(end)
}

/** All that a click needs, and what is wrong. */
function click(headers: readonly string[], body = BODY, line?: string): string {
  return form({ headers: ['host: x', KEY, TYPE, ...headers], body, ...(line !== undefined && { line }) })
}

/** The whole click, with nothing wrong: what the forms differ from. */
export const SOUND = click([LENGTH])

const TE = (value: string) => click([`transfer-encoding: ${value}`], CHUNKED)
const CL = (value: string) => click([`content-length: ${value}`])

export const FORMS: readonly (readonly [name: string, request: string])[] = [
  ['CL.TE: a length and chunks', click([LENGTH, 'transfer-encoding: chunked'], `0\r\n\r\n${INNER}`)],
  ['TE.CL: chunks and a length', click(['transfer-encoding: chunked', 'content-length: 4'], CHUNKED)],
  ['a length of 0 and chunks', click(['content-length: 0', 'transfer-encoding: chunked'], CHUNKED)],
  ['two lengths that differ', click([LENGTH, 'content-length: 1'])],
  ['two lengths that agree', click([LENGTH, LENGTH])],
  ['two lengths in one header', CL(`${BODY.length}, ${BODY.length}`)],
  ['a length with a sign', CL(`+${BODY.length}`)],
  ['a negative length', CL('-1')],
  ['a hexadecimal length', CL(`0x${BODY.length.toString(16)}`)],
  ['a length with a fraction', CL(`${BODY.length}.0`)],
  ['a length with an exponent', CL('4e1')],
  ['a length with a blank in it', CL('4 6')],
  ['an empty length', CL('')],
  ['a length beyond all numbers', CL('99999999999999999999999')],
  ['a length in Persian digits', CL('۴۶')],
  ['a blank before the colon of a length', click([`content-length : ${BODY.length}`])],
  ['a blank before the colon of an encoding', click(['transfer-encoding : chunked'], CHUNKED)],
  ['a tab before the colon', click(['transfer-encoding\t: chunked'], CHUNKED)],
  ['an unknown transfer encoding', TE('xchunked')],
  ['identity', TE('identity')],
  ['chunked, and something after it', TE('chunked, identity')],
  ['chunked twice', TE('chunked, chunked')],
  ['chunked in two headers', click(['transfer-encoding: chunked', 'transfer-encoding: x'], CHUNKED)],
  ['gzip alone', TE('gzip')],
  ['chunked in quotes', TE('"chunked"')],
  ['chunked with a parameter', TE('chunked;q=1')],
  ['chunked behind a vertical tab', TE('\vchunked')],
  ['chunked with a NUL', TE('chunked\0')],
  ['chunked folded onto the next line', click(['transfer-encoding:\r\n chunked'], CHUNKED)],
  ['a header folded over two lines', click([LENGTH, 'x: y', ' z'])],
  ['a header folded with a tab', click([LENGTH, 'x: y', '\tz'])],
  ['a first header that is folded', form({ headers: [' x: y', 'host: x', KEY, TYPE, LENGTH] })],
  ['bare LF everywhere', form({ headers: ['host: x', KEY, TYPE, LENGTH], end: '\n' })],
  ['a bare LF after one header', click([`x: y\n${LENGTH}`])],
  ['a bare LF that hides a header', click([`x: y\ntransfer-encoding: chunked`, LENGTH])],
  ['a bare CR in a header', click([`x: y\rtransfer-encoding: chunked`, LENGTH])],
  [
    'a bare CR after the request line',
    form({ line: 'POST /divar/session HTTP/1.1\r', headers: ['host: x', KEY, TYPE, LENGTH] }),
  ],
  [
    'an LF before the body',
    `${[`POST /divar/session HTTP/1.1`, 'host: x', KEY, TYPE, LENGTH].join('\r\n')}\r\n\n${BODY}`,
  ],
  ['a NUL in a header', click([LENGTH, 'x: a\0b'])],
  ['a header without a name', click([LENGTH, ': y'])],
  ['a header without a colon', click([LENGTH, 'xy'])],
  ['a blank in a name', click([LENGTH, 'x y: z'])],
  ['a name in brackets', click([LENGTH, 'x[]: z'])],
  ['two Hosts', click([LENGTH, 'host: y'])],
  ['two Hosts that agree', click([LENGTH, 'host: x'])],
  ['no Host', form({ headers: [KEY, TYPE, LENGTH] })],
  ['two keys', click([LENGTH, 'authorization: other'])],
  ['an absolute target', click([LENGTH], BODY, 'POST http://x/divar/session HTTP/1.1')],
  ['a target of another host', click([LENGTH], BODY, 'POST http://evil.example/divar/session HTTP/1.1')],
  ['an authority for a target', click([LENGTH], BODY, 'POST x:80 HTTP/1.1')],
  ['an asterisk for a target', click([LENGTH], BODY, 'POST * HTTP/1.1')],
  ['a target without its slash', click([LENGTH], BODY, 'POST divar/session HTTP/1.1')],
  ['a blank in the target', click([LENGTH], BODY, 'POST /divar/session /x HTTP/1.1')],
  ['a tab in the request line', click([LENGTH], BODY, 'POST\t/divar/session HTTP/1.1')],
  ['no version', click([LENGTH], BODY, 'POST /divar/session')],
  ['HTTP/0.9', click([LENGTH], BODY, 'POST /divar/session HTTP/0.9')],
  ['HTTP/1.2', click([LENGTH], BODY, 'POST /divar/session HTTP/1.2')],
  ['HTTP/2.0 as text', click([LENGTH], BODY, 'POST /divar/session HTTP/2.0')],
  ['HTTP/01.1', click([LENGTH], BODY, 'POST /divar/session HTTP/01.1')],
  ['http in small letters', click([LENGTH], BODY, 'POST /divar/session http/1.1')],
  [
    'HTTP/1.0 with chunks',
    click(['transfer-encoding: chunked', 'connection: keep-alive'], CHUNKED, 'POST /divar/session HTTP/1.0'),
  ],
  [
    'HTTP/1.0 with chunks and a length',
    click([LENGTH, 'transfer-encoding: chunked'], CHUNKED, 'POST /divar/session HTTP/1.0'),
  ],
  ['101 headers', click([LENGTH, ...Array.from({ length: 97 }, () => 'a: b')])],
  ['2,001 headers', click([LENGTH, ...Array.from({ length: 1997 }, () => 'a: b')])],
  ['17 KiB of one header', click([LENGTH, `x: ${'y'.repeat(17 * 1024)}`])],
  ['a chunk size with a sign', click(['transfer-encoding: chunked'], `+${CHUNKED}`)],
  ['a chunk size with 0x', click(['transfer-encoding: chunked'], `0x${CHUNKED}`)],
  ['a negative chunk size', click(['transfer-encoding: chunked'], `-1\r\n${BODY}\r\n0\r\n\r\n`)],
  [
    'a chunk size beyond all numbers',
    click(['transfer-encoding: chunked'], `fffffffffffffffff\r\n${BODY}\r\n0\r\n\r\n`),
  ],
  ['a chunk size with a blank', click(['transfer-encoding: chunked'], `2 e\r\n${BODY}\r\n0\r\n\r\n`)],
  ['a chunk that ends with a bare LF', click(['transfer-encoding: chunked'], CHUNKED.replaceAll('\r\n', '\n'))],
  ['a chunk longer than it says', click(['transfer-encoding: chunked'], `5\r\n${BODY}\r\n0\r\n\r\n`)],
  [
    'a chunk extension with a bare LF',
    click(['transfer-encoding: chunked'], `${BODY.length.toString(16)};a\nb\r\n${BODY}\r\n0\r\n\r\n`),
  ],
  ['a trailer that is a length', click(['transfer-encoding: chunked'], `0\r\ncontent-length: 4\r\n\r\n`)],
  ['CONNECT', form({ line: 'CONNECT evil.example:80 HTTP/1.1', headers: ['host: evil.example:80'], body: '' })],
  ['the beginning of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
  ['the beginning of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['PROXY protocol', `PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n${SOUND}`],
]
