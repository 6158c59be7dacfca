import { make } from '../../ui/dom.ts'
import { textOf, type Text } from '../../ui/language.ts'
import type { Route } from './data.ts'
import { formKeys } from './this-gateway.ts'

const KEY: Text = {
  fa: 'یکی از کلیدهای INTERNAL_API_KEYS همین دروازه، بدون نام و دونقطهٔ پیش از آن',
  en: 'one of the keys in INTERNAL_API_KEYS of this gateway, without the name and the colon before it',
}
const TOKEN: Text = { fa: 'access token کاربر', en: "the user's access token" }
const MADE_UP: Text = { fa: 'کلید ساختگی همین اجرا نوشته شده است', en: 'made up for this run, and filled in' }
const BODY: Text = { fa: 'بدنه', en: 'Body' }
const EXAMPLE: Text = { fa: 'نمونه', en: 'Example' }

/** The key and the token are kept while the page is open, for all of its forms, and nowhere else. */
const SECRETS = new Map<string, Text>([
  ['x-api-key', KEY],
  ['x-access-token', TOKEN],
])
const kept = new Map<string, string>(formKeys)

export type Fields = {
  element: HTMLElement
  inputs: readonly { name: string; in: string; input: HTMLInputElement }[]
  body: HTMLTextAreaElement | undefined
}

export function fieldsOf(route: Route): Fields {
  const inputs = [{ name: 'x-api-key', in: 'header', example: '' }, ...route.parameters].map(
    ({ name, in: place, example = '' }) => ({ name, in: place, input: inputOf(name, place, example) }),
  )
  const body = route.bodies.length === 0 ? undefined : bodyOf(route)
  return {
    element: make(
      'div',
      { class: 'fields' },
      ...inputs.map(({ name, input }) => labelled(name, formKeys.has(name) ? MADE_UP : SECRETS.get(name), input)),
      ...(body === undefined ? [] : body.elements),
    ),
    inputs,
    body: body?.area,
  }
}

/** Where the request goes and with what, as the fields are now. An empty field is left out. */
export function readFields(
  { path }: Route,
  { inputs, body }: Fields,
): { url: string; headers: Record<string, string>; body: string | undefined } {
  const of = (place: string) =>
    inputs
      .filter((one) => one.in === place && one.input.value !== '')
      .map(({ name, input }) => [name, input.value] as const)
  const filled = of('path').reduce((made, [name, value]) => made.replace(`{${name}}`, encodeURIComponent(value)), path)
  const query = new URLSearchParams(of('query').map(([name, value]) => [name, value])).toString()
  return {
    url: `${location.origin}${filled}${query && `?${query}`}`,
    headers: Object.fromEntries(of('header')),
    body: body?.value,
  }
}

function inputOf(name: string, place: string, example: string): HTMLInputElement {
  const isSecret = SECRETS.has(name)
  const input = make('input', {
    attributes: {
      type: isSecret ? 'password' : 'text',
      name,
      dir: 'ltr',
      autocomplete: 'off',
      spellcheck: 'false',
      ...(place === 'path' || name === 'x-api-key' ? { required: '' } : {}),
    },
  })
  input.value = isSecret ? (kept.get(name) ?? '') : example
  if (isSecret) {
    input.addEventListener('input', () => {
      kept.set(name, input.value)
      for (const other of document.querySelectorAll<HTMLInputElement>(`.try input[name="${name}"]`))
        other.value = input.value
    })
  }
  return input
}

function bodyOf({ bodies }: Route): { area: HTMLTextAreaElement; elements: HTMLElement[] } {
  const area = make('textarea', { attributes: { name: 'body', rows: '10', dir: 'ltr', spellcheck: 'false' } })
  const choice = make(
    'select',
    { attributes: { dir: 'ltr' } },
    ...bodies.map(({ name }) => make('option', { text: name, attributes: { value: name } })),
  )
  const fill = () => {
    area.value = JSON.stringify(bodies.find(({ name }) => name === choice.value)?.value, null, 2)
  }
  choice.addEventListener('change', fill)
  fill()
  const chooser = bodies.length > 1 ? [labelled(textOf(EXAMPLE), undefined, choice)] : []
  return { area, elements: [...chooser, labelled(textOf(BODY), undefined, area)] }
}

function labelled(name: string, about: Text | undefined, field: HTMLElement): HTMLElement {
  return make(
    'label',
    {},
    make('bdi', { text: name }),
    ...(about === undefined ? [] : [make('span', { class: 'soft', text: ` ${textOf(about)}` })]),
    field,
  )
}
