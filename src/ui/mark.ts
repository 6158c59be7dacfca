import { make } from './dom.ts'

/** Each meaning has a shape besides its color. */
export const SHAPES = { success: '●', attention: '▲', danger: '■', information: '○' } as const

/** A word with the shape and the color of its meaning. */
export function mark(meaning: keyof typeof SHAPES, word: string): HTMLElement {
  return make(
    'span',
    { class: `mark-word ${meaning}` },
    make('span', { class: 'shape', text: SHAPES[meaning], attributes: { 'aria-hidden': 'true' } }),
    make('span', { text: word }),
  )
}
