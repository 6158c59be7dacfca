import type { Resolver } from '../resolver/resolver.ts'

const MAX_CHARACTERS = 1000

/** Without a resolver of your own: every click leads to a page of the simulator that shows the click. */
const resolve: Resolver = ({ extra: _, data, ...click }) => {
  const landing = new URL('/landed', click.returnUrl)
  const whole = JSON.stringify({ ...click, data })
  const shown = whole.length > MAX_CHARACTERS ? JSON.stringify(click) : whole
  landing.searchParams.set('click', shown)
  return { url: landing.href }
}
export default resolve
