import { make } from '../../ui/dom.ts'

const SANDBOX =
  'allow-scripts allow-forms allow-same-origin allow-popups allow-popups-to-escape-sandbox allow-downloads'

/** A page is expected within this; later it may still come. */
const SILENT_MS = 4000

/**
 * What can be seen of a frame from outside. `own`: a page of the simulator, such as its consent page. `app`: a page of another origin,
 * or the browser's own blank one where that page refuses frames: the two cannot be told apart. `silent`: no page came, as after a
 * download or a 204.
 */
export type Seen = { kind: 'own'; url: string } | { kind: 'app' } | { kind: 'silent' }

export type LandingFrame = {
  element: HTMLIFrameElement
  /** Whether the user has answered in the consent page: the link that led there is then used up. */
  hasAnswered: () => boolean
}

/** The landing in a frame. Tells what is seen of it, each time that it changes. */
export function landingFrame(url: string, tell: (seen: Seen) => void): LandingFrame {
  let answered = false
  let timer: number | undefined
  const expectPage = () => {
    window.clearTimeout(timer)
    timer = window.setTimeout(() => {
      if (element.isConnected) tell({ kind: 'silent' })
    }, SILENT_MS)
  }
  const element = make('iframe', {
    attributes: { src: url, sandbox: SANDBOX, title: url, referrerpolicy: 'no-referrer' },
  })
  element.addEventListener('load', () => {
    // Null of another origin's.
    const own = element.contentDocument
    if (own?.URL === 'about:blank') return
    window.clearTimeout(timer)
    tell(own === null ? { kind: 'app' } : { kind: 'own', url: own.URL })
    own?.addEventListener('submit', () => {
      answered = true
      expectPage()
    })
  })
  expectPage()
  return { element, hasAnswered: () => answered }
}
