import { fromAddress } from './address.ts'
import { make } from './dom.ts'
import { inLanguage } from './language.ts'

type Choice<Name extends string> = {
  /** In the address and in `data-filter-NAME`. */
  name: string
  all: readonly Name[]
  sayName: () => string
  /** The option that chooses nothing. */
  sayAny: () => string
  sayOne: (one: Name) => string
}

/** A list to choose one of a filter's values from; it starts with the one in the address. */
export function choice<Name extends string>({ name, all, sayName, sayAny, sayOne }: Choice<Name>): HTMLSelectElement {
  const any = make('option', { attributes: { value: '' } })
  const options = all.map((value) => ({ value, option: make('option', { attributes: { value } }) }))
  const select = make(
    'select',
    { attributes: { [`data-filter-${name}`]: '' } },
    any,
    ...options.map(({ option }) => option),
  )
  inLanguage(select, () => {
    select.setAttribute('aria-label', sayName())
    any.textContent = sayAny()
    for (const { value, option } of options) option.textContent = sayOne(value)
  })
  select.value = all.find((one) => one === fromAddress(name)) ?? ''
  return select
}
