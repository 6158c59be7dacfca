/** A local time such as `2026-12-01T08:00` in RFC 3339, with the offset that this machine has then; undefined for anything else. */
export function withOffset(local: string): string | undefined {
  const time = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)(:\d\d)?/.exec(local)
  const date = new Date(local)
  if (time === null || Number.isNaN(date.getTime())) return undefined
  const [, minutes = '', seconds = ':00'] = time
  const ahead = -date.getTimezoneOffset()
  const two = (value: number) => String(Math.trunc(value)).padStart(2, '0')
  return `${minutes}${seconds}${ahead < 0 ? '-' : '+'}${two(Math.abs(ahead) / 60)}:${two(Math.abs(ahead) % 60)}`
}
