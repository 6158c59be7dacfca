import { make, messageOf } from '../../ui/dom.ts'
import { jsonTree } from '../../ui/json-tree.ts'
import { textOf, type Text } from '../../ui/language.ts'
import { worded } from '../../ui/worded.ts'
import { readRoute, type Route } from './data.ts'
import { fieldsOf, readFields, type Fields } from './try-fields.ts'

const TIMEOUT_MS = 30_000
const TRY: Text = { fa: 'امتحان کنید', en: 'Try it' }
const REAL: Text = {
  fa: 'این دکمه واقعاً همین دروازه را صدا می‌زند. کلید فقط در حافظهٔ همین صفحه می‌ماند.',
  en: 'This really calls this gateway. Your key stays in the memory of this page only.',
}
const SEND: Text = { fa: 'فرستادن', en: 'Send' }
const HEADERS: Text = { fa: 'هدرها', en: 'Headers' }
const NO_BODY: Text = { fa: 'پاسخ بدنه ندارد.', en: 'The response has no body.' }
const NOT_JSON: Text = { fa: 'بدنه JSON درست نیست.', en: 'The body is not valid JSON.' }

/** A form that calls a route of this gateway and shows what it answers. */
export function offerTry(data: Element): void {
  const route = readRoute(JSON.parse(data.textContent))
  const details = make('details', { class: 'try', attributes: { 'data-try-it': route.id } }, worded('summary', TRY))
  details.addEventListener(
    'toggle',
    () => {
      details.append(drawForm(route))
    },
    { once: true },
  )
  data.replaceWith(details)
}

function drawForm(route: Route): HTMLElement {
  const result = make('div', { attributes: { 'aria-live': 'polite', 'data-result': '' } })
  const send = worded('button', SEND, { class: 'primary', attributes: { type: 'submit' } })
  const fields = fieldsOf(route)
  const form = make('form', {}, worded('p', REAL, { class: 'soft' }), fields.element, send)
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    if (send.getAttribute('aria-busy') === 'true') return
    send.setAttribute('aria-busy', 'true')
    call(route, fields)
      .then(
        (shown) => {
          result.replaceChildren(...shown)
        },
        (error: unknown) => {
          result.replaceChildren(make('p', { class: 'danger', text: `! ${messageOf(error)}` }))
        },
      )
      .finally(() => {
        send.removeAttribute('aria-busy')
      })
  })
  return make('div', {}, form, result)
}

async function call(route: Route, fields: Fields): Promise<Node[]> {
  const { url, headers, body } = readFields(route, fields)
  if (body !== undefined && readJson(body) === undefined) throw new Error(textOf(NOT_JSON))
  const began = performance.now()
  const answer = await fetch(url, {
    method: route.method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    credentials: 'omit',
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
    ...(body !== undefined && { body }),
  })
  const text = await answer.text()
  const ms = Math.round(performance.now() - began)
  return [
    make(
      'p',
      { class: answer.ok ? 'success' : 'danger', attributes: { dir: 'ltr', 'data-status': String(answer.status) } },
      make('b', { text: `${answer.ok ? '✓' : '!'} ${answer.status} ${answer.statusText}` }),
      make('span', { class: 'soft', text: ` ${ms} ms` }),
    ),
    make(
      'details',
      {},
      worded('summary', HEADERS),
      make(
        'pre',
        { attributes: { dir: 'ltr', tabindex: '0' } },
        make('code', { text: [...answer.headers].map(([name, value]) => `${name}: ${value}`).join('\n') }),
      ),
    ),
    drawBody(text),
  ]
}

function drawBody(text: string): HTMLElement {
  if (text === '') return worded('p', NO_BODY, { class: 'soft' })
  const json = readJson(text)
  if (json !== undefined) return jsonTree(json.value)
  return make('pre', { attributes: { dir: 'ltr', tabindex: '0' } }, make('code', { text }))
}

function readJson(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}
