import { make } from '../../ui/dom.ts'
import { inLanguage, textOf, type Text } from '../../ui/language.ts'
import { ACTIONS, actionName, TEXT } from './compose-words.ts'
import { field, quietButton } from './compose-parts.ts'
import { kindOf, kindsOf, type ButtonDraft, type Draft } from './draft.ts'
import { BUTTON_FIELDS, type ButtonField } from './field-of.ts'
import type { Direction } from './grid-moves.ts'
import { iconBox } from './icon-box.ts'

export type ButtonEditor = {
  element: HTMLElement
  /** What can be done with the button. */
  tools: HTMLElement
  focus: (name: ButtonField) => void
  /** Shows what is wrong with each field. */
  tell: (errorOf: (name: ButtonField) => string | undefined) => void
}

type Editing = {
  icons: readonly string[]
  /** What was written into a field. */
  write: (name: ButtonField, changed: Partial<ButtonDraft>) => void
  addNext: () => void
  move: (direction: Direction) => void
  canMove: (direction: Direction) => boolean
  remove: () => void
}

const MOVES = { back: TEXT.moveBack, forward: TEXT.moveForward, up: TEXT.moveUp, down: TEXT.moveDown }
const DIRECTIONS: Direction[] = ['back', 'forward', 'up', 'down']

/** The fields of one button. Those of its data are exchanged with its action. */
export function buttonEditor(draft: Draft, button: ButtonDraft, does: Editing): ButtonEditor {
  let kind = kindOf(draft, button)
  const caption = field(TEXT.caption, textInput(button.caption, 'data-caption', 'auto'), TEXT.captionHelp)
  caption.control.addEventListener('input', () => {
    does.write('caption', { caption: caption.control.value })
  })
  caption.control.addEventListener('keydown', (event) => {
    if (!(event instanceof KeyboardEvent) || event.key !== 'Enter' || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    does.addNext()
  })
  const box = iconBox(does.icons, button.icon, (icon) => {
    does.write('icon', { icon })
  })
  const iconField = field(TEXT.icon, box.input)
  iconField.element.classList.add('icon-field')
  iconField.element.append(...box.extras)

  const action = field(TEXT.action, actionSelect(draft, kind))
  const data = field(TEXT.data, dataArea(button.data))
  const url = field(TEXT.url, textInput(button.url, 'data-url', 'ltr', 'https://'))
  const postToken = field(TEXT.postToken, textInput(button.postToken, 'data-post-token', 'ltr'))
  const settle = () => {
    data.element.hidden = kind !== 'open_server_link' && kind !== 'get_dynamic_action'
    url.element.hidden = kind !== 'open_direct_link'
    postToken.element.hidden = kind !== 'open_post_page' && kind !== 'open_post_manage_page'
  }
  settle()
  action.control.addEventListener('change', () => {
    kind = kindsOf(draft).find((one) => one === action.control.value) ?? kind
    settle()
    does.write('kind', { kind })
  })
  for (const [name, one] of [['data', data] as const, ['url', url] as const, ['postToken', postToken] as const]) {
    one.control.addEventListener('input', () => {
      does.write(name, { [name]: one.control.value })
    })
  }
  const fields = { caption, icon: iconField, kind: action, data, url, postToken }
  const shownField = (name: ButtonField) => (fields[name].element.hidden ? action : fields[name])
  const tools = make(
    'div',
    { class: 'row' },
    ...DIRECTIONS.filter(does.canMove).map((direction) =>
      quietButton(MOVES[direction], `data-move-${direction}`, () => {
        does.move(direction)
      }),
    ),
    quietButton(TEXT.remove, 'data-remove', does.remove),
  )
  return {
    element: make(
      'div',
      { class: 'button-editor', attributes: { 'data-button-editor': '' } },
      caption.element,
      iconField.element,
      action.element,
      data.element,
      url.element,
      postToken.element,
      tools,
    ),
    tools,
    focus: (name) => {
      shownField(name).control.focus()
    },
    tell: (errorOf) => {
      for (const name of BUTTON_FIELDS) {
        fields[name].showError(errorOf(name))
      }
    },
  }
}

function textInput(value: string, attribute: string, dir: 'auto' | 'ltr', placeholder = ''): HTMLInputElement {
  const input = make('input', {
    attributes: { dir, placeholder, autocomplete: 'off', maxlength: '4096', [attribute]: '' },
  })
  input.value = value
  return input
}

function dataArea(value: string): HTMLTextAreaElement {
  const area = make('textarea', {
    class: 'code',
    attributes: { dir: 'ltr', rows: '2', spellcheck: 'false', maxlength: '50000', 'data-data': '' },
  })
  area.value = value
  return area
}

function actionSelect(draft: Draft, kind: ButtonDraft['kind']): HTMLSelectElement {
  const options = kindsOf(draft).map((one) => {
    const option = make('option', { attributes: { value: one, ...(one === kind && { selected: '' }) } })
    const about: Text = ACTIONS[one]
    inLanguage(option, () => {
      option.textContent = `${actionName(one, draft.target === 'chat' ? draft.wire : 'v2')} · ${textOf(about)}`
    })
    return option
  })
  return make('select', { attributes: { 'data-action': '' } }, ...options)
}
