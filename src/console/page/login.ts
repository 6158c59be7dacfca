import { find } from '../../ui/dom.ts'
import { inLanguage, textOf, type Text } from '../../ui/language.ts'
import { followWords } from '../../ui/page-words.ts'
import { themeButton } from '../../ui/theme.ts'
import { LOGIN_WORDS, problemOf } from './login-words.ts'

const TIMEOUT_MS = 15_000
/** After this time the page says that it still waits. */
const SLOW_MS = 3000

const form = find('data-login')
const problem = find('data-problem')
const waiting = find('data-waiting')
let isBusy = false

function say(where: HTMLElement, text: Text | undefined): void {
  inLanguage(where, () => {
    where.textContent = text === undefined ? '' : textOf(text)
  })
}

/** @returns why it was refused; undefined once the session is open */
async function logIn(key: string): Promise<Text | undefined> {
  const response = await fetch('/console/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  return response.ok ? undefined : problemOf(response.status, await response.text())
}

async function submit(input: HTMLInputElement, button: HTMLButtonElement): Promise<void> {
  isBusy = true
  button.setAttribute('aria-busy', 'true')
  say(problem, undefined)
  say(waiting, LOGIN_WORDS.busy)
  const slow = setTimeout(() => {
    say(waiting, LOGIN_WORDS.slow)
  }, SLOW_MS)
  const why = await logIn(input.value).catch(() => LOGIN_WORDS.unreachable)
  clearTimeout(slow)
  if (why === undefined) {
    location.replace(`/console${location.search.replace(/[?&]ended=1/, '')}`)
    return
  }
  isBusy = false
  button.removeAttribute('aria-busy')
  say(waiting, undefined)
  say(problem, why)
  // Only a wrong key is typed anew; after everything else Enter sends the same one again.
  input.focus()
  if (why === LOGIN_WORDS.refused) input.select()
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  const [input, button] = [form.querySelector('input'), form.querySelector('button')]
  if (input !== null && button !== null && !isBusy) void submit(input, button)
})

find('data-theme').replaceWith(themeButton())
followWords(LOGIN_WORDS)
if (new URLSearchParams(location.search).has('ended')) say(problem, LOGIN_WORDS.ended)
