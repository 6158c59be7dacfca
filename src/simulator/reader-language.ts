/** The language that the simulator's page was switched to, by its cookie. Persian before that. */
export function readerLanguage(cookie = ''): 'fa' | 'en' {
  return /(?:^|; )kenar_language=en(?:;|$)/.test(cookie) ? 'en' : 'fa'
}
