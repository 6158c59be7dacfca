import { findBrokenText } from './form.ts'
import { KNOWN_ICONS } from './icons-known.ts'
import type { ShownButton, Wire } from './shown.ts'

/** The readable part of a send's body, with `errors` that the platform would refuse, and `notes` that it would not. */
type ReadSend = {
  text: string
  mediaToken?: string
  sender: ShownButton[][]
  receiver: ShownButton[][]
  errors: string[]
  notes: string[]
}

type Body = Record<string, unknown>

const MAX_ROWS = 3
const MAX_IN_ROW = 3
const MAX_TEXT = 4096

/** Reads the body of a send of either wire as the platform documents it. Never throws. */
export function readSend(wire: Wire, body: Body): ReadSend {
  const { report, errors, notes } = newReport(body)
  if (wire === 'v1' && body['type'] !== 'TEXT') report.refuse('type: expected TEXT')
  if (wire === 'v2' && body['type'] !== undefined) report.note('v2 has no member type; it is passed over.')
  const content = readContent(body, 'message', wire === 'v2', report)
  const [sender, receiver] =
    wire === 'v1'
      ? [readOne(body['sender_btn'], 'sender_btn', report), readOne(body['receiver_btn'], 'receiver_btn', report)]
      : [
          readGrid(body['sender_buttons'], 'sender_buttons', report),
          readGrid(body['receiver_buttons'], 'receiver_buttons', report),
        ]
  return { ...content, sender, receiver, errors, notes }
}

/** Reads the body of a message of a bot. Never throws. */
export function readBotSend(body: Body): Omit<ReadSend, 'sender' | 'receiver'> & { buttons: ShownButton[][] } {
  const { report, errors, notes } = newReport(body)
  if (body['type'] !== undefined && body['type'] !== 'TEXT') report.refuse('type: expected TEXT')
  const content = readContent(body, 'text_message', true, report)
  return { ...content, buttons: readGrid(body['buttons'], 'buttons', report), errors, notes }
}

function newReport(body: Body) {
  const errors: string[] = []
  const notes: string[] = []
  const report: Report = { refuse: (text) => errors.push(text), note: (text) => notes.push(text) }
  const broken = findBrokenText(body)
  if (broken !== undefined) report.refuse(`${broken}: expected a text without NUL and without half surrogates`)
  return { report, errors, notes }
}

/** A text, or where that is possible a media token in place of it. */
function readContent(body: Body, member: string, mayBeMedia: boolean, { refuse, note }: Report) {
  const given = body[member]
  const text = typeof given === 'string' ? given : ''
  const token = body['media_token']
  const media = mayBeMedia && typeof token === 'string' && token !== '' ? token : undefined
  if (typeof given !== 'string') refuse(`${member}: expected a string`)
  else if (media === undefined && text.trim() === '') refuse(`${member}: expected a text that is not blank`)
  if (text.length > MAX_TEXT) note(`A text of ${text.length} characters: how long one may be is not documented.`)
  if (media !== undefined && text !== '') refuse(`${member}: expected a text or a media_token, not both`)
  return { text, ...(media !== undefined && { mediaToken: media }) }
}

type Report = { refuse: (text: string) => void; note: (text: string) => void }

function readOne(button: unknown, at: string, { refuse, note }: Report): ShownButton[][] {
  if (button === undefined) return []
  if (button === null) {
    note(`${at} is null: taken as none.`)
    return []
  }
  if (!isObject(button) || !isObject(button['data'])) {
    refuse(`${at}: expected an object with action and data`)
    return []
  }
  const { data, action } = button
  const caption = readCaption(data['caption'], `${at}.data.caption`, refuse)
  const icon = readIcon(data['icon_name'], note)
  if (action === 'LINK') {
    if (data['direct_link'] !== undefined) note(`${at}: direct_link is superfluous beside LINK.`)
    if (!isObject(data['extra_data'])) refuse(`${at}.data.extra_data: expected an object`)
    return [
      [{ kind: 'open_server_link', caption, ...icon, data: isObject(data['extra_data']) ? data['extra_data'] : {} }],
    ]
  }
  if (action === 'DIRECT_LINK') {
    if (data['extra_data'] !== undefined) note(`${at}: extra_data is superfluous beside DIRECT_LINK.`)
    return [
      [
        {
          kind: 'open_direct_link',
          caption,
          ...icon,
          url: readUrl(data['direct_link'], `${at}.data.direct_link`, refuse),
        },
      ],
    ]
  }
  refuse(`${at}.action: expected LINK or DIRECT_LINK`)
  return []
}

function readGrid(grid: unknown, at: string, report: Report): ShownButton[][] {
  if (grid === undefined) return []
  if (grid === null) {
    report.note(`${at} is null: taken as none.`)
    return []
  }
  if (!isObject(grid)) {
    report.refuse(`${at}: expected an object`)
    return []
  }
  // The schema requires neither rows nor a row's buttons.
  const rows = grid['rows'] ?? []
  if (!Array.isArray(rows)) {
    report.refuse(`${at}.rows: expected an array`)
    return []
  }
  if (rows.length > MAX_ROWS) report.refuse(`${at}.rows: expected at most ${MAX_ROWS}`)
  return rows.slice(0, MAX_ROWS).map((row: unknown, index) => {
    const buttons = isObject(row) ? (row['buttons'] ?? []) : undefined
    const place = `${at}.rows[${index}].buttons`
    if (!Array.isArray(buttons) || buttons.length > MAX_IN_ROW) {
      report.refuse(`${place}: expected an array of at most ${MAX_IN_ROW}`)
    } else if (buttons.length === 0) report.note(`${place}: a row without a button shows nothing.`)
    if (!Array.isArray(buttons)) return []
    return buttons
      .slice(0, MAX_IN_ROW)
      .flatMap((button: unknown, column) => readV2(button, `${place}[${column}]`, report))
  })
}

const ACTIONS = [
  'open_direct_link',
  'open_server_link',
  'get_dynamic_action',
  'open_post_page',
  'open_post_manage_page',
] as const

function readV2(button: unknown, at: string, { refuse, note }: Report): ShownButton[] {
  const action = isObject(button) ? button['action'] : undefined
  if (!isObject(button) || !isObject(action)) {
    refuse(`${at}: expected an object with an action`)
    return []
  }
  const named = ACTIONS.filter((name) => action[name] !== undefined && action[name] !== null)
  const [kind] = named
  if (kind === undefined || named.length > 1) {
    refuse(`${at}.action: expected exactly one of ${ACTIONS.join(', ')}`)
    return []
  }
  if (button['icon'] === undefined && button['icon_name'] !== undefined)
    note(`${at}: icon_name is the old name of icon.`)
  const caption = readCaption(button['caption'], `${at}.caption`, refuse)
  const about = { kind, caption, ...readIcon(button['icon'] ?? button['icon_name'], note) }
  const given = action[kind]
  if (kind === 'open_direct_link') return [{ ...about, url: readUrl(given, `${at}.action.${kind}`, refuse) }]
  const inner = isObject(given) ? given : {}
  if (kind === 'open_post_page' || kind === 'open_post_manage_page') {
    const postToken = inner['post_token']
    if (typeof postToken === 'string') return [{ ...about, postToken }]
    refuse(`${at}.action.${kind}.post_token: expected a string`)
    return [about]
  }
  if (!isObject(given)) refuse(`${at}.action.${kind}: expected an object`)
  const { data = null } = inner
  if (data !== null && !isObject(data)) refuse(`${at}.action.${kind}.data: expected an object`)
  return [{ ...about, data: isObject(inner['data']) ? inner['data'] : {} }]
}

function readCaption(caption: unknown, at: string, refuse: (text: string) => void): string {
  if (typeof caption !== 'string' || caption.trim() === '') refuse(`${at}: expected a text that is not blank`)
  return typeof caption === 'string' ? caption : ''
}

function readUrl(url: unknown, at: string, refuse: (text: string) => void): string {
  const isWeb = typeof url === 'string' && /^https?:\/\//i.test(url) && URL.canParse(url)
  if (!isWeb) refuse(`${at}: expected an absolute http(s) address`)
  return isWeb ? url : ''
}

function readIcon(icon: unknown, note: (text: string) => void): { icon?: string } {
  if (typeof icon !== 'string' || icon === '') return {}
  if (icon === 'REAL_STATE') note('REAL_STATE is in the documents, but the published list has REAL_ESTATE.')
  else if (!KNOWN_ICONS.has(icon)) note(`${icon} is not among the icons that Divar has published.`)
  return { icon }
}

export function isObject(value: unknown): value is Body {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
