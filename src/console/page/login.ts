import { find } from '../../ui/dom.ts'
import { inLanguage, textOf, type Text } from '../../ui/language.ts'
import { followWords } from '../../ui/page-words.ts'
import { themeButton } from '../../ui/theme.ts'
import { LOGIN_WORDS, PROBLEMS } from './login-words.ts'

const TIMEOUT_MS = 15_000

const form = find('data-login')
const problem = find('data-problem')

function complain(text: Text): void {
  inLanguage(problem, () => {
    problem.textContent = textOf(text)
  })
}

async function logIn(key: string): Promise<Text | undefined> {
  const { ok, status } = await fetch('/console/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key }),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  return ok ? undefined : (PROBLEMS.get(status) ?? LOGIN_WORDS.unreachable)
}

form.addEventListener('submit', (event) => {
  event.preventDefault()
  const [input, button] = [form.querySelector('input'), form.querySelector('button')]
  if (input === null || button === null) return
  problem.textContent = ''
  button.disabled = true
  logIn(input.value)
    .catch(() => LOGIN_WORDS.unreachable)
    .then((why) => {
      if (why === undefined) {
        location.replace(`/console${location.search.replace(/[?&]ended=1/, '')}`)
        return
      }
      button.disabled = false
      complain(why)
      input.select()
    })
    .catch(() => undefined)
})

find('data-theme').replaceWith(themeButton())
followWords(LOGIN_WORDS)
if (new URLSearchParams(location.search).has('ended')) complain(LOGIN_WORDS.ended)
