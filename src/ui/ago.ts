import { make } from './dom.ts'
import { agoText, dateText, inLanguage, stampText } from './language.ts'
import { now } from './now.ts'

/** A time relative to now, with the absolute one in its title. */
export function ago(iso: string): HTMLTimeElement {
  const time = timeElement(iso, () => agoText(iso, now()))
  time.dataset['ago'] = ''
  return time
}

/** A time on the clock, for steps that follow each other; with its day if that is not today. */
export function at(iso: string): HTMLTimeElement {
  return timeElement(iso, () => stampText(iso, now()))
}

function timeElement(iso: string, text: () => string): HTMLTimeElement {
  const time = make('time', { attributes: { datetime: iso } })
  inLanguage(time, () => {
    time.title = dateText(iso)
    time.textContent = text()
  })
  return time
}

/** Writes all relative times of the page anew. */
export function refreshTimes(): void {
  for (const time of document.querySelectorAll<HTMLTimeElement>('time[data-ago]')) {
    const text = agoText(time.dateTime, now())
    if (time.textContent !== text) time.textContent = text
  }
}
