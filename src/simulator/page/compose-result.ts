import { make } from '../../ui/dom.ts'
import { dateText, inLanguage, textOf, type Text } from '../../ui/language.ts'
import { toast } from '../../ui/toast.ts'
import { refusalText, textDirection } from './compose-checks.ts'
import { fill, TEXT } from './compose-words.ts'
import type { Verdict } from './gateway-calls.ts'
import { say } from './words.ts'

/** Says how a send ended, for a moment and in a line that stays. */
export function tellVerdict(
  verdict: Verdict,
  sent: Record<string, unknown>,
  line: HTMLElement,
  docsUrl: string | undefined,
): void {
  const { status, isAccepted, id = '', code, detail = '', consentUrl, mistakes } = verdict
  const what = isAccepted ? (status === 202 ? TEXT.accepted : TEXT.delivered) : TEXT.refused
  // Mistakes are told beside their fields.
  const told = () => (mistakes.length > 0 ? textOf(TEXT.besideFields) : detail)
  const why = () => (isAccepted ? `\u2066${status} ${id}\u2069` : refusalText(status, code ?? '', told()))
  if (mistakes.length === 0) {
    toast(`${textOf(what)} · ${why()}`, isAccepted ? 'success' : 'danger', say('dismiss'))
  }
  line.className = `result ${isAccepted ? 'success' : 'danger'}`
  inLanguage(line, () => {
    line.replaceChildren(
      make('span', { text: `${isAccepted ? '✓' : '!'} ${textOf(what)}` }),
      make('bdi', { text: why(), attributes: { dir: textDirection() } }),
      ...(status === 202 ? timeLines(sent) : []),
      ...(consentUrl !== undefined && /^https?:/.test(consentUrl) ? [linkTo(consentUrl, TEXT.allow)] : []),
      ...(docsUrl !== undefined && code !== undefined ? [linkTo(`${docsUrl}#${code}`, TEXT.docs)] : []),
    )
  })
}

/** The times of a message that was accepted into the queue. */
function timeLines({ not_before: notBefore, expires_at: expiresAt }: Record<string, unknown>): HTMLElement[] {
  const lines = [
    { text: TEXT.goesAt, at: notBefore },
    { text: TEXT.endsAt, at: expiresAt },
  ]
  return lines.flatMap(({ text, at }) =>
    typeof at === 'string' ? [make('p', { text: textOf(fill(text, { time: dateText(at) })) })] : [],
  )
}

function linkTo(url: string, text: Text): HTMLElement {
  return make('a', { text: textOf(text), attributes: { href: url, target: '_blank', rel: 'noopener' } })
}
