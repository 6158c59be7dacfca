import * as z from 'zod'

/** A port given as an option; 0 is any free one. */
export const portNumber = z.coerce
  .number({ error: 'expected a port number from 0 to 65535' })
  .int()
  .min(0, { error: 'expected a port number from 0 to 65535' })
  .max(65_535, { error: 'expected a port number from 0 to 65535' })
